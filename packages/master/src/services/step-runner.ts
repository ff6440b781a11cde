/** Runs one step from its row to its result. Nothing that its code does can reach beyond the step. */
import { CANCELLED, EXCEPTION, messageOf, RETRY, type Results, UserError } from '@buildbot/shared';
import type { StepRules } from '../core/flow.ts';
import type { PlannedStep, StepOutcome } from '../ports/recipe.ts';
import type { Logger } from '../ports/service.ts';
import {
  type BuildScope,
  type InterruptionCause,
  RunningStep,
  type StepContextDeps,
} from './step-context.ts';
import { readTests } from './test-results.ts';

export interface StepRunnerDeps extends StepContextDeps {
  logger: Logger;
}

/** How the build goes on after a step. */
export type StepEnding =
  | { kind: 'ended'; results: Results }
  | { kind: 'lost' | 'outdated' | 'withdrawn'; reason: string }
  /** The build is no longer this process's to end. */
  | { kind: 'left' };

/** `onRunning` is handed the step as soon as it can be interrupted. */
export async function runStep(
  deps: StepRunnerDeps,
  scope: BuildScope,
  input: { number: number; planned: PlannedStep; onRunning: (step: RunningStep) => void },
): Promise<StepEnding> {
  const { number, planned } = input;
  const { name, label } = planned.rules;
  const { buildId } = scope;
  const step = await deps.store.startStep({ buildId, number, name, stateString: `running '${label}'` });
  if (step === null) return { kind: 'left' };
  const running = new RunningStep(deps, scope, step);
  input.onRunning(running);
  const { results, stateString, tests: report } = await outcomeOf(deps, running, planned);
  const cause = running.interruption;
  if (cause?.kind === 'abandoned' || cause?.kind === 'fenced') return { kind: 'left' };
  const { stepId } = step;
  if (cause?.kind === 'lost' || cause?.kind === 'outdated' || cause?.kind === 'withdrawn') {
    // Its end is written with the build's, at once: a master that died between the two would leave a step that has ended,
    // and the next one would take what is no verdict for one.
    const [, isOpen] = await Promise.all([running.end(), deps.store.updateStep(stepId, { stateString })]);
    return isOpen ? { kind: cause.kind, reason: cause.reason } : { kind: 'left' };
  }
  const { changes: properties } = running;
  const tests = report === undefined ? null : await readTests(deps, running, { stepId, report });
  const told = tests === null ? {} : { tests };
  const finish = { stepId, results, stateString, hidden: false, properties, ...told };
  const [, isWritten] = await Promise.all([running.end(), deps.store.finishStep(finish)]);
  return isWritten ? { kind: 'ended', results } : { kind: 'left' };
}

async function outcomeOf(
  deps: StepRunnerDeps,
  running: RunningStep,
  planned: PlannedStep,
): Promise<StepOutcome> {
  try {
    const outcome = await planned.run(running);
    await running.checkReplayEnd();
    return fromOutside(running.interruption, planned.rules) ?? outcome;
  } catch (error) {
    return (
      fromOutside(running.interruption, planned.rules) ?? (await broken(deps, running, planned.rules, error))
    );
  }
}

function fromOutside(cause: InterruptionCause | null, { label }: StepRules): StepOutcome | null {
  if (cause === null) return null;
  if (cause.kind === 'lost') return { results: EXCEPTION, stateString: `'${label}' lost: ${cause.reason}` };
  if (cause.kind === 'outdated' || cause.kind === 'withdrawn')
    return { results: RETRY, stateString: `'${label}' cannot go on: ${cause.reason}` };
  return { results: CANCELLED, stateString: `'${label}' stopped` };
}

/** The step's own code failed: the log `err.text` says how. */
async function broken(
  deps: StepRunnerDeps,
  running: RunningStep,
  { label }: StepRules,
  error: unknown,
): Promise<StepOutcome> {
  const message = messageOf(error);
  const hint = error instanceof UserError && error.hint !== undefined ? `\n${error.hint}` : '';
  if (!(error instanceof UserError))
    deps.logger.error({ err: error, step: label }, 'the code of a step failed');
  try {
    const log = await running.log('err.text', 't');
    await log.append('o', `${message}${hint}\n`);
  } catch (unwritten) {
    deps.logger.warn({ err: unwritten, step: label }, 'the error of a step could not be kept in its log');
  }
  const [firstLine = ''] = message.split('\n');
  return { results: EXCEPTION, stateString: `'${label}' broke: ${firstLine.slice(0, 200)}` };
}
