/** Conditions on which `watch --until` ends. */
import { hasFailed } from './farm-choice.ts';
import type { ViewState } from './state.ts';
import { isWaiting } from './waiting.ts';

export const CONDITIONS = ['idle', 'failed', 'connected'] as const;
/**
 * `idle`: nothing runs and nothing waits. `failed`: a build ends that fails. `connected`: every worker is there. Each of
 * what is watched.
 */
export type Condition = (typeof CONDITIONS)[number];

/** A test of states as they come, the first being how things stood when the watching began. */
export function conditionMet(condition: Condition): (state: ViewState) => boolean {
  let before: ReadonlySet<number> | null = null;
  return (state) => {
    if (state.farm === null) return false;
    const builds = [...state.builds.values()].map(({ value }) => value);
    before ??= new Set(builds.flatMap(({ complete, buildid }) => (complete ? [buildid] : [])));
    switch (condition) {
      case 'idle':
        return (
          builds.every(({ complete }) => complete) &&
          [...state.requests.values()].every(({ value }) => !isWaiting(value))
        );
      case 'failed':
        return builds.some((build) => hasFailed(build) && before?.has(build.buildid) === false);
      case 'connected':
        return [...state.workers.values()].every(({ value }) => value.connected_to.length > 0);
    }
  };
}
