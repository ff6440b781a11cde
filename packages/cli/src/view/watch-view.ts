/**
 * How things stand now, without history: the first screen of `buildbot watch`, worked out from the state and the time.
 * Plain data; every name in it is fit for a terminal.
 */
import {
  type BuildResource,
  type Range,
  type Results,
  sanitizeName,
  type WorkerResource,
} from '@buildbot/shared';
import { availabilityText } from './availability-text.ts';
import { noContactMs, toldAt } from './no-contact.ts';
import type { ViewState } from './state.ts';
import { estimateOf, stepsOf } from './try-view.ts';
import { isWaiting } from './waiting.ts';
import { buildTrouble } from './worker-away.ts';

export interface RunningBuild {
  buildId: number;
  number: number;
  worker: string;
  /** Name of the step that runs now, null between steps. */
  step: string | null;
  elapsedMs: number;
  /** In place of its estimate: that nothing is heard of its worker, or that it is being cancelled. */
  trouble: string | null;
  /** 0 to 1, null without an estimate. */
  fraction: number | null;
  /** Time left in milliseconds, null without an estimate. */
  left: Range | null;
  /** From start to end, as past builds went; null without an estimate. Milliseconds. */
  estimate: Range | null;
  /** Past builds behind the estimate. */
  samples: number;
}

export interface FarmRow {
  builderId: number;
  builder: string;
  running: readonly RunningBuild[];
  /** Requests in the queue. */
  waiting: number;
  /** Why the first of them waits. */
  waitingReason: string | null;
  /** The newest finished build. */
  last: { buildId: number; number: number; results: Results; finishedMs: number; text: string } | null;
}

export interface WatchView {
  /** False until the master has told how things stand. */
  isKnown: boolean;
  title: string;
  /** The master starts nothing more and ends when the builds that run have ended. */
  draining: boolean;
  /** Busy builders first, then by name. */
  rows: readonly FarmRow[];
  workers: {
    connected: number;
    total: number;
    names: readonly string[];
    /** Connected ones that take no builds: about to leave, paused, or not lent out. */
    leaving: number;
    paused: number;
    unavailable: number;
  };
  /** Workers that are there and lent out less: which rule says so, why and until when. */
  lessAvailable: readonly { worker: string; text: string }[];
  /** Workers that get no builds because they lost several in a row, or that are missing. */
  hostsDown: readonly { worker: string; reason: string }[];
  /** Requests that wait for a person, the oldest first. */
  shelved: readonly { requestId: number; builder: string; reason: string }[];
  running: number;
  waiting: number;
  /** Since the link was lost, null while there is one. Milliseconds. */
  noContactMs: number | null;
  /** As of when it is told: when the link was lost, if there is none. Epoch milliseconds. */
  toldAt: number;
}

/** `b2` comes before `b10`. */
const byName = new Intl.Collator('en', { numeric: true });

/** The view of the whole farm in `state` at `time` (epoch milliseconds). */
export function watchView(state: ViewState, time: number): WatchView {
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

function shelvedRequests(state: ViewState): WatchView['shelved'] {
  return [...state.requests.values()]
    .flatMap(({ value }) => (value.state === 'shelved' ? [value] : []))
    .sort((a, b) => a.buildrequestid - b.buildrequestid)
    .map((request) => ({
      requestId: request.buildrequestid,
      builder: sanitizeName(state.builders.get(request.builderid)?.value.name ?? `${request.builderid}`),
      reason: sanitizeName(request.shelved?.reason ?? '', { maxLength: 120 }),
    }));
}

function hostsDown(state: ViewState): WatchView['hostsDown'] {
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
    last:
      last === undefined || last.results === null
        ? null
        : {
            buildId: last.buildid,
            number: last.number,
            results: last.results,
            finishedMs: Math.max(0, now - (last.complete_at_ms ?? now)),
            text: sanitizeName(last.state_string, { maxLength: 200 }),
          },
  };
}

function runningBuild(state: ViewState, build: BuildResource, now: number): RunningBuild {
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

function lessAvailable(state: ViewState, now: number): WatchView['lessAvailable'] {
  return [...state.workers.values()]
    .map(({ value }) => value)
    .filter(({ connected_to, availability }) => connected_to.length > 0 && availability !== 'eager')
    .filter(({ availability }) => availability !== undefined)
    .map((worker) => ({
      worker: sanitizeName(worker.name, { maxLength: 70 }),
      text: availabilityText(worker, now),
    }));
}

function workersOf(state: ViewState): WatchView['workers'] {
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
