/** The details of the items that are on the full screen: plain data, and every text in it is fit for a terminal. */
import {
  type BuildRequestResource,
  type FarmRow,
  type RunningBuild,
  sanitizeName,
  type WorkerResource,
} from '@buildbot/shared';
import { availabilityText } from './availability-text.ts';
import {
  type BuilderItem,
  builderNameOf,
  type FarmItem,
  type Section,
  waitingRequests,
} from './farm-items.ts';
import type { ViewState } from './state.ts';
import { lastBuild, runningBuild } from './watch-view.ts';

export type FarmRowDetail = { key: string } & (
  | { kind: 'heading'; section: Section; count: number; isFolded: boolean }
  | { kind: 'running'; builder: string; build: RunningBuild; waiting: number }
  | { kind: 'idle'; builder: string; last: FarmRow['last']; waiting: number; reason: string | null }
  | { kind: 'request'; builder: string; requestId: number; reason: string; isShelved: boolean }
  | { kind: 'worker'; worker: string; state: WorkerState; text: string; builds: string }
);

/** `down`: it gets no builds because its host is not to be relied on. */
export type WorkerState = 'free' | 'busy' | 'less' | 'away' | 'down';

/** `now` is the moment that is told of, epoch milliseconds. */
export function farmRowDetails(state: ViewState, items: readonly FarmItem[], now: number): FarmRowDetail[] {
  const waiting = waitingRequests(state);
  return items.map((item) => detailOf(state, item, waiting, now));
}

function detailOf(
  state: ViewState,
  item: FarmItem,
  waiting: readonly BuildRequestResource[],
  now: number,
): FarmRowDetail {
  switch (item.kind) {
    case 'heading':
      return item;
    case 'builder': {
      const own = waiting.filter(({ builderid }) => builderid === item.builder.builderid);
      return builderRow(state, item, { count: own.length, reason: own[0]?.waiting_reason ?? null }, now);
    }
    case 'request':
      return requestRow(state, item.key, item.request);
    case 'worker':
      return { key: item.key, kind: 'worker', ...workerRow(item.worker, now) };
  }
}

function requestRow(state: ViewState, key: string, request: BuildRequestResource): FarmRowDetail {
  const isShelved = request.state === 'shelved';
  const reason = (isShelved ? request.shelved?.reason : request.waiting_reason) ?? '';
  return {
    ...{ key, kind: 'request', isShelved, requestId: request.buildrequestid },
    builder: builderNameOf(state, request.builderid),
    reason: sanitizeName(reason, { maxLength: 300 }),
  };
}

function builderRow(
  state: ViewState,
  { key, builder, running, last }: BuilderItem,
  waiting: { count: number; reason: string | null },
  now: number,
): FarmRowDetail {
  const name = sanitizeName(builder.name, { maxLength: 70 });
  if (running !== null)
    return {
      ...{ key, kind: 'running', builder: name, waiting: waiting.count },
      build: runningBuild(state, running, now),
    };
  const reason = waiting.reason === null ? null : sanitizeName(waiting.reason, { maxLength: 300 });
  return {
    ...{ key, kind: 'idle', builder: name, waiting: waiting.count, reason },
    last: last === null ? null : lastBuild(last, now),
  };
}

function workerRow(worker: WorkerResource, now: number) {
  const { name, running_builds, max_builds } = worker;
  const most = max_builds ? ` of ${max_builds}` : '';
  const builds = running_builds == null ? '' : `${running_builds}${most} builds`;
  return { worker: sanitizeName(name, { maxLength: 70 }), builds, ...workerState(worker, now) };
}

function workerState(worker: WorkerResource, now: number): { state: WorkerState; text: string } {
  const { suspect, missing_since, connected_to, graceful, paused, availability, running_builds } = worker;
  if (suspect)
    return { state: 'down', text: `host down: ${sanitizeName(suspect.reason, { maxLength: 300 })}` };
  if (missing_since != null) return { state: 'down', text: 'host down: away for longer than the grace' };
  if (connected_to.length === 0) return { state: 'away', text: 'not connected' };
  if (graceful) return { state: 'less', text: 'leaving' };
  if (paused) return { state: 'less', text: 'paused' };
  // A real Buildbot knows no availability.
  if (availability !== undefined && availability !== 'eager')
    return { state: 'less', text: availabilityText(worker, now) };
  return running_builds ? { state: 'busy', text: 'at work' } : { state: 'free', text: 'free' };
}
