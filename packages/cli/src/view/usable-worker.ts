/** Whether a builder has a worker that takes builds at all, be it free or busy. */
import type { WorkerResource } from '@buildbot/shared';
import type { ViewState } from './state.ts';

/** True also when nothing is known of the workers. */
export function canBeTaken(state: ViewState, builderId: number): boolean {
  const workers = [...state.workers.values()].map(({ value }) => value);
  const mine = workers.filter(({ configured_on }) =>
    configured_on.some(({ builderid }) => builderid === builderId),
  );
  return workers.length === 0 || mine.some(takesBuilds);
}

function takesBuilds({ connected_to, paused, graceful, availability, suspect }: WorkerResource): boolean {
  // A real Buildbot knows neither of the last two.
  return connected_to.length > 0 && !paused && !graceful && availability !== 'unavailable' && suspect == null;
}
