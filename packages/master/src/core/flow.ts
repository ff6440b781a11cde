/**
 * What a step's result means for its build: does it count, does it end the build, and in which words is it told. The
 * rules are Buildbot's own (`flunkOnFailure` and its family), except that warnings show in the build unless a step
 * says otherwise.
 */
import {
  CANCELLED,
  EXCEPTION,
  FAILURE,
  RETRY,
  type Results,
  SKIPPED,
  type StopOrder,
  SUCCESS,
  WARNINGS,
  worse,
} from '@buildbot/shared';

/** How a step takes part in its build. */
export interface StepRules {
  /** Unique within the build. */
  name: string;
  /** How texts for people call it: `make test`. */
  label: string;
  /** A failure ends the build, but for steps that always run. */
  haltOnFailure: boolean;
  /** A failure is a failure of the build. */
  flunkOnFailure: boolean;
  /** Warnings are a failure of the build. */
  flunkOnWarnings: boolean;
  /** A failure is a warning of the build, if it is not a failure of it. */
  warnOnFailure: boolean;
  /** Warnings are warnings of the build. */
  warnOnWarnings: boolean;
  /** Runs even after the build was stopped or has failed, to tidy up. */
  alwaysRun: boolean;
}

/** The result of one step that has ended. */
export interface EndedStep {
  rules: StepRules;
  results: Results;
}

/** What the result of a step makes of the build. */
export function countsAs({ rules, results }: EndedStep): Results {
  if (results === FAILURE) {
    if (rules.flunkOnFailure) return FAILURE;
    return rules.warnOnFailure ? WARNINGS : SUCCESS;
  }
  if (results === WARNINGS) {
    if (rules.flunkOnWarnings) return FAILURE;
    return rules.warnOnWarnings ? WARNINGS : SUCCESS;
  }
  return results === SKIPPED ? SUCCESS : results;
}

/** Whether no ordinary step may follow. */
export function halts({ rules, results }: EndedStep): boolean {
  if (results === FAILURE) return rules.haltOnFailure;
  return results === EXCEPTION || results === RETRY || results === CANCELLED;
}

/** The result of a build so far. */
export function overall(ended: readonly EndedStep[]): Results {
  return ended.reduce<Results>((worst, step) => worse(worst, countsAs(step)), SUCCESS);
}

/** One line for people about a build that ended by itself. */
export function summary(ended: readonly EndedStep[]): string {
  const results = overall(ended);
  const culprits = ended.filter((step) => countsAs(step) === results).map(({ rules }) => `'${rules.label}'`);
  switch (results) {
    case FAILURE:
      return `failed ${culprits.join(', ')}`;
    case WARNINGS:
      return `warnings ${culprits.join(', ')}`;
    case EXCEPTION:
      return `exception in ${culprits.join(', ')}`;
    default:
      return 'build successful';
  }
}

/** One line for people about something that was ended on somebody's order. */
export function cancelledText(order: Pick<StopOrder, 'by' | 'reason'>): string {
  return order.reason === '' ? `cancelled by ${order.by}` : `cancelled by ${order.by}: ${order.reason}`;
}

/** Names as they are, with `_1`, `_2`, … added to those that came before. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let n = 1; taken.has(unique); n++) unique = `${name}_${n}`;
    taken.add(unique);
    return unique;
  });
}
