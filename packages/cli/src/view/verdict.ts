/** From results to words and to the exit codes of `try`, which people's scripts rely on. */
import {
  type BuildResource,
  CANCELLED,
  EXCEPTION,
  FAILURE,
  RETRY,
  type Results,
  resultName,
  WARNINGS,
} from '@buildbot/shared';

/** Fixed: see the table in DESIGN.md, "What the outside may rely on". */
export const EXIT = {
  passed: 0,
  failed: 1,
  usage: 2,
  cancelled: 3,
  infrastructure: 4,
  notLetIn: 5,
  detached: 75,
  timedOut: 124,
  interrupted: 130,
} as const;

/** The exit code for the result of a whole try. */
export function exitCodeOf(results: Results): number {
  switch (results) {
    case FAILURE:
      return EXIT.failed;
    case CANCELLED:
      return EXIT.cancelled;
    case EXCEPTION:
    case RETRY:
      return EXIT.infrastructure;
    default:
      return EXIT.passed;
  }
}

/** Whether a build says nothing about the source. A real Buildbot does not tell it of its own mistakes. */
export function isInfrastructureFailure({ infrastructure, results }: BuildResource): boolean {
  return infrastructure ?? results === EXCEPTION;
}

/** One word or two for people: `passed`, `failed`. Only what is known to be the infrastructure's fault is called so. */
export function verdictText(results: Results | null, isInfrastructure = false): string {
  switch (results) {
    case null:
      return 'running';
    case 0:
      return 'passed';
    case WARNINGS:
      return 'passed with warnings';
    case FAILURE:
      return 'failed';
    case EXCEPTION:
      return isInfrastructure ? 'infrastructure failure' : 'broke';
    case RETRY:
      return 'to be tried again';
    default:
      return resultName(results);
  }
}

/** A mark that tells a result without colour. */
export function resultMark(results: Results | null): string {
  if (results === null) return '▶';
  return ['✔', '⚠', '✗', '∅', '‼', '↻', '■'][results] ?? '?';
}

/** A build's number as Buildbot's API has it while a request is not complete: `-1` stands for no result yet. */
export function finalResults(results: number | null): Results | null {
  return results === null || results < 0 ? null : (results as Results);
}
