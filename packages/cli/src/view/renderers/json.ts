/** The `--json` face: one object at the end that says how it went, with every fact that led there. */
import { resultName, TRY_SCHEMA, type TryOutput } from '@buildbot/shared';
import type { Fact } from '../facts.ts';
import { isOpen, type TryView } from '../try-view.ts';
import { eventObject } from './events.ts';

/** Everything but `builds` and `events` is null while the try is not there yet. */
export function finalObject(view: TryView, facts: readonly Fact[], exitCode: number): TryOutput {
  return {
    schema: TRY_SCHEMA,
    exitCode,
    buildSetId: view.buildSetId,
    complete: view.complete,
    results: view.isOver ? view.results : null,
    result: view.isOver && view.results !== null ? resultName(view.results) : null,
    left: view.left,
    estimate: view.estimate,
    samples: view.samples,
    builds: view.rows.map((row) => ({
      builder: row.builder,
      requestId: row.requestId,
      buildId: row.buildId,
      number: row.number,
      attempt: row.attempt,
      state: row.state,
      results: row.results,
      result: row.results === null ? null : resultName(row.results),
      text: row.stateString,
      durationMs: Math.round(row.elapsedMs),
      left: isOpen(row) ? row.left : null,
      estimate: row.estimate,
      samples: row.samples,
      steps: row.steps.map(({ name, results, elapsedMs, stateString, failure }) => ({
        name,
        results,
        text: stateString,
        durationMs: Math.round(elapsedMs),
        failure,
      })),
    })),
    events: facts.map(eventObject),
  };
}
