/** Ends a step from anywhere in its code. Only ever thrown and caught within one step's own `run`. */
import type { StepOutcome } from '../../ports/recipe.ts';

export class StepEnd extends Error {
  override readonly name = 'StepEnd';
  readonly outcome: StepOutcome;

  constructor(outcome: StepOutcome) {
    super(outcome.stateString);
    this.outcome = outcome;
  }
}

/** The outcome of `run`, or the one that it ended with early. */
export async function endingEarly(run: () => Promise<StepOutcome>): Promise<StepOutcome> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof StepEnd) return error.outcome;
    throw error;
  }
}
