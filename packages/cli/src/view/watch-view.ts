/**
 * How things stand now, without history: the first screen of `buildbot watch`, worked out from the state and the time.
 * Plain data; every name in it is fit for a terminal.
 */
import {
  type BuildResource,
  type Farm,
  type FarmRow,
  type RunningBuild,
  sanitizeName,
  type WorkerResource,
} from '@buildbot/shared';
import { availabilityText } from './availability-text.ts';
import { noContactMs, toldAt } from './no-contact.ts';
import type { ViewState } from './state.ts';
import { estimateOf, stepsOf } from './try-view.ts';
import { isWaiting } from './waiting.ts';
import { buildTrouble } from './worker-away.ts';

/** `b2` comes before `b10`. */
const byName = new Intl.Collator('en', { numeric: true });

/** The view of the whole farm in `state` at `time` (epoch milliseconds). */
export function watchView(state: ViewState, time: number): Farm {
  const now = toldAt(state, time);
  const builds = groupBy(
    [...state.builds.values()].map(({ value }) => value),
    (build) => build.builderid,
  );
  const waiting = groupBy(pendingRequests(state), (request) => request.builderid);
  const rows = [...state.builders.values()].map(({ value }): FarmRow => {
    const requests = waiting.get(value.builderid) ?? [];
    const reason = requests.find(({ waiting_reason }) => waiting_reason !== null)?.waiting_reason ?? null;
    return {
      builderId: value.builderid,
      builder: sanitizeName(value.name, { maxLength: 70 }),
      ...rowOfBuilds(state, builds.get(value.builderid) ?? [], now),
      waiting: requests.length,
      waitingReason: reason === null ? null : sanitizeName(reason, { maxLength: 120 }),
    };
  });
  return {
    isKnown: state.farm !== null,
    title: sanitizeName(state.farm?.title ?? '', { maxLength: 80 }),
    draining: state.farm?.draining ?? false,
    rows: rows.sort((a, b) => busyness(b) - busyness(a) || byName.compare(a.builder, b.builder)),
    workers: workersOf(state),
    lessAvailable: lessAvailable(state, now),
    hostsDown: hostsDown(state),
    shelved: shelvedRequests(state),
    running: rows.reduce((sum, row) => sum + row.running.length, 0),
    waiting: rows.reduce((sum, row) => sum + row.waiting, 0),
    noContactMs: noContactMs(state, time),
    toldAt: now,
  };
}

function busyness(row: FarmRow): number {
  return row.running.length > 0 ? 2 : row.waiting > 0 ? 1 : 0;
}

function pendingRequests(state: ViewState) {
  return [...state.requests.values()]
    .map(({ value }) => value)
    .filter(isWaiting)
    .sort((a, b) => b.priority - a.priority || a.buildrequestid - b.buildrequestid);
}

function shelvedRequests(state: ViewState): Farm['shelved'] {
  return [...state.requests.values()]
    .flatMap(({ value }) => (value.state === 'shelved' ? [value] : []))
    .sort((a, b) => a.buildrequestid - b.buildrequestid)
    .map((request) => ({
      requestId: request.buildrequestid,
      builder: sanitizeName(state.builders.get(request.builderid)?.value.name ?? `${request.builderid}`),
      reason: sanitizeName(request.shelved?.reason ?? '', { maxLength: 120 }),
    }));
}

function hostsDown(state: ViewState): Farm['hostsDown'] {
  return [...state.workers.values()].flatMap(({ value: { name, suspect, missing_since } }) => {
    const reason = suspect?.reason ?? (missing_since == null ? null : 'away for longer than the grace');
    if (reason === null) return [];
    return [
      { worker: sanitizeName(name, { maxLength: 70 }), reason: sanitizeName(reason, { maxLength: 120 }) },
    ];
  });
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) groups.set(keyOf(value), [value]);
    else group.push(value);
  }
  return groups;
}

function rowOfBuilds(
  state: ViewState,
  builds: BuildResource[],
  now: number,
): Pick<FarmRow, 'running' | 'last'> {
  const sorted = [...builds].sort((a, b) => a.buildid - b.buildid);
  const last = sorted.findLast(({ complete }) => complete);
  return {
    running: sorted.filter(({ complete }) => !complete).map((build) => runningBuild(state, build, now)),
    last: last === undefined ? null : lastBuild(last, now),
  };
}

/** A build that has ended, as a row tells of it; null without a result. */
export function lastBuild(build: BuildResource, now: number): FarmRow['last'] {
  if (build.results === null) return null;
  return {
    buildId: build.buildid,
    number: build.number,
    results: build.results,
    finishedMs: Math.max(0, now - (build.complete_at_ms ?? now)),
    text: sanitizeName(build.state_string, { maxLength: 200 }),
  };
}

/** A build that runs, as a row tells of it. */
export function runningBuild(state: ViewState, build: BuildResource, now: number): RunningBuild {
  const step = stepsOf(state, build.buildid).findLast(
    ({ complete, started_at_ms }) => !complete && started_at_ms !== null,
  );
  return {
    buildId: build.buildid,
    number: build.number,
    worker: sanitizeName(state.workers.get(build.workerid)?.value.name ?? `worker ${build.workerid}`, {
      maxLength: 70,
    }),
    step: step === undefined ? null : sanitizeName(step.name, { maxLength: 70 }),
    elapsedMs: Math.max(0, now - build.started_at_ms),
    trouble: buildTrouble(state, build, now),
    ...estimateOf(state, build.builderid, build, now),
  };
}

function lessAvailable(state: ViewState, now: number): Farm['lessAvailable'] {
  return [...state.workers.values()]
    .map(({ value }) => value)
    .filter(({ connected_to, availability }) => connected_to.length > 0 && availability !== 'eager')
    .filter(({ availability }) => availability !== undefined)
    .map((worker) => ({
      worker: sanitizeName(worker.name, { maxLength: 70 }),
      text: availabilityText(worker, now),
    }));
}

function workersOf(state: ViewState): Farm['workers'] {
  const all = [...state.workers.values()].map(({ value }) => value);
  const connected = all.filter(({ connected_to }) => connected_to.length > 0);
  const names = connected.map(({ name }) => sanitizeName(name, { maxLength: 70 })).sort();
  const count = (test: (worker: WorkerResource) => boolean) => connected.filter(test).length;
  return {
    connected: connected.length,
    total: all.length,
    names,
    leaving: count(({ graceful }) => graceful),
    paused: count(({ paused, graceful }) => paused && !graceful),
    unavailable: count(
      ({ availability, paused, graceful }) => availability === 'unavailable' && !paused && !graceful,
    ),
  };
}
