/** What keeps a running build from being believed: its worker is away, or somebody wants it to end and it has not yet. */
import { type BuildResource, formatDuration, sanitizeName } from '@buildbot/shared';
import type { ViewState } from './state.ts';

/** The worker of a running build that is not connected. */
export interface WorkerAway {
  worker: string;
  /** Epoch milliseconds; null when the master does not say. */
  since: number | null;
}

/** Null while the worker is there, or nothing is known of it. */
export function workerAway(state: ViewState, build: BuildResource): WorkerAway | null {
  const worker = state.workers.get(build.workerid)?.value;
  if (build.complete || worker === undefined || worker.connected_to.length > 0) return null;
  // A real Buildbot does not say since when.
  const since = worker.away_since == null ? null : worker.away_since * 1000;
  return { worker: sanitizeName(worker.name, { maxLength: 70 }), since };
}

/** `no word from worker w1 for 42s`. */
function workerAwayText({ worker, since }: WorkerAway, now: number): string {
  const seconds = since === null ? 0 : Math.floor((now - since) / 1000);
  return `no word from worker ${worker}${seconds > 0 ? ` for ${formatDuration(seconds * 1000)}` : ''}`;
}

/** What the master says of an order to stop begins with this. */
const CANCELLING = 'cancelling';

/** One line in place of the estimate, fit for a terminal; null for a build of which there is nothing such to say. */
export function buildTrouble(state: ViewState, build: BuildResource, now: number): string | null {
  if (build.complete) return null;
  const away = workerAway(state, build);
  const awayText = away === null ? [] : [workerAwayText(away, now)];
  if (!build.state_string.startsWith(CANCELLING)) return awayText[0] ?? null;
  const cancelling = away === null ? CANCELLING : sanitizeName(build.state_string, { maxLength: 120 });
  return [cancelling, ...awayText].join(', ');
}
