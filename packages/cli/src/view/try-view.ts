/**
 * What a person needs to see of one try, worked out from the state and the time: a row per builder with its step, how
 * long it has been running and how long it will take. Plain data; every name in it is fit for a terminal.
 */
import {
  type BuildRequestResource,
  type BuildResource,
  EXCEPTION,
  fractionDone,
  type Progress,
  type Range,
  RETRY,
  type Results,
  remaining,
  type StepFailure,
  type StepResource,
  sanitizeName,
  worstOf,
} from '@buildbot/shared';
import type { Preparation } from './messages.ts';
import { noContactMs, toldAt } from './no-contact.ts';
import type { ViewState } from './state.ts';
import { canBeTaken } from './usable-worker.ts';
import { finalResults } from './verdict.ts';
import { buildTrouble } from './worker-away.ts';

export interface StepRow {
  stepId: number;
  name: string;
  results: Results | null;
  stateString: string;
  startedAt: number | null;
  elapsedMs: number;
  /** Whose failure it is; null unless it failed, and until that is known. */
  failure: StepFailure | null;
  /** Newest lines of its log while it runs. */
  tail: readonly string[];
}

export interface BuilderRow {
  requestId: number;
  builder: string;
  /** `shelved`: it failed too often and waits for a person, who looks at the master and not at this try. */
  state: 'waiting' | 'running' | 'shelved' | 'done';
  results: Results | null;
  /** Why it is not running yet, null when it is. */
  waitingReason: string | null;
  /** Not tried again before this time. Epoch milliseconds; null when it is not, or may be at any moment. */
  dueAt: number | null;
  /** Of a running build in place of its estimate: that nothing is heard of its worker, or that it is being cancelled. */
  trouble: string | null;
  /** Of the newest attempt. */
  buildId: number | null;
  number: number | null;
  attempt: number;
  /** One line of the master about the build. */
  stateString: string;
  elapsedMs: number;
  steps: readonly StepRow[];
  /** The step that runs now. */
  step: StepRow | null;
  /** 0 to 1, null without an estimate. */
  fraction: number | null;
  /** Time left, of one that waits from the moment it begins; null without an estimate. Milliseconds. */
  left: Range | null;
  /** From start to end, as past builds went; null without an estimate. Milliseconds. */
  estimate: Range | null;
  /** Past builds behind the estimate. */
  samples: number;
}

export interface TryView {
  buildSetId: number | null;
  preparation: Preparation | null;
  rows: readonly BuilderRow[];
  /** How many builders ended well, ended badly, run and wait. */
  counts: { passed: number; failed: number; running: number; waiting: number };
  /** Until the last running builder ends, queue time apart; null without an estimate for one of them. */
  left: Range | null;
  /** From the start of the builds to the end of the slowest, queue time apart; null without an estimate for one of them. */
  estimate: Range | null;
  /** The fewest past builds behind any part of `left`, or of `estimate` when nothing is left. */
  samples: number;
  complete: boolean;
  /** Complete, or nothing goes on without a person: what is not complete is on the shelf. */
  isOver: boolean;
  /** The worst so far of what has ended; the result once it is over. A shelved request counts as an exception. */
  results: Results | null;
  /** Since the link was lost, null while there is one. Milliseconds. */
  noContactMs: number | null;
  /** Whether the builds go on when nobody watches. */
  canDetach: boolean;
}

/**
 * The view of the one build set in `state` at `time` (epoch milliseconds): without a link, as it was when that was lost,
 * for how far the builds have come since then nobody knows.
 */
export function tryView(state: ViewState, time: number): TryView {
  const now = toldAt(state, time);
  const set = firstOf(state.buildSets.values())?.value;
  const rows = [...state.requests.values()]
    .filter(({ value }) => set === undefined || value.buildsetid === set.bsid)
    .sort((a, b) => a.value.buildrequestid - b.value.buildrequestid)
    .map(({ value }) => builderRow(state, value.buildrequestid, now));
  const ended = rows.flatMap((row) => (row.results === null ? [] : [row.results]));
  return {
    buildSetId: set?.bsid ?? null,
    preparation: state.preparation,
    rows,
    counts: countsOf(rows),
    ...timesOf(rows),
    complete: set?.complete ?? false,
    isOver: isOver(state),
    results: set?.complete ? finalResults(set.results) : ended.length > 0 ? worstOf(ended) : null,
    noContactMs: noContactMs(state, time),
    canDetach: !state.connection.isLocal,
  };
}

/** Whether the one build set in `state` is complete, or all that is left of it waits for a person. */
export function isOver(state: ViewState): boolean {
  const set = firstOf(state.buildSets.values())?.value;
  if (set === undefined || set.complete) return set !== undefined;
  const requests = [...state.requests.values()].map(({ value }) => value);
  const mine = requests.filter(({ buildsetid }) => buildsetid === set.bsid);
  const isShelved = (request: BuildRequestResource) => request.state === 'shelved';
  return mine.some(isShelved) && mine.every((request) => isShelved(request) || request.complete);
}

function firstOf<T>(values: Iterable<T>): T | undefined {
  for (const value of values) return value;
  return undefined;
}

function countsOf(rows: readonly BuilderRow[]): TryView['counts'] {
  const count = (test: (row: BuilderRow) => boolean) => rows.filter(test).length;
  const isGood = (row: BuilderRow) => row.results === 0 || row.results === 1 || row.results === 3;
  return {
    passed: count((row) => row.state === 'done' && isGood(row)),
    failed: count((row) => row.state === 'shelved' || (row.state === 'done' && !isGood(row))),
    running: count((row) => row.state === 'running'),
    waiting: count((row) => row.state === 'waiting'),
  };
}

/** Whether it still takes time: what is on the shelf does not. */
export function isOpen({ state }: BuilderRow): boolean {
  return state === 'waiting' || state === 'running';
}

function timesOf(rows: readonly BuilderRow[]): Pick<TryView, 'left' | 'estimate' | 'samples'> {
  const open = rows.filter(isOpen);
  const counted = open.length > 0 ? open : rows;
  return {
    left: slowest(open.map(({ left }) => left)),
    estimate: slowest(rows.map(({ estimate }) => estimate)),
    samples: counted.length === 0 ? 0 : Math.min(...counted.map(({ samples }) => samples)),
  };
}

/** Builders run side by side: the whole takes as long as the slowest of them. Null if one of them is not known. */
function slowest(ranges: readonly (Range | null)[]): Range | null {
  const known = ranges.filter((range) => range !== null);
  if (known.length === 0 || known.length < ranges.length) return null;
  const most = (pick: (range: Range) => number) => Math.max(...known.map(pick));
  return {
    low: most(({ low }) => low),
    middle: most(({ middle }) => middle),
    high: most(({ high }) => high),
  };
}

function builderRow(state: ViewState, requestId: number, now: number): BuilderRow {
  const request = state.requests.get(requestId)?.value;
  const builderId = request?.builderid ?? 0;
  const build = newestBuild(state, requestId);
  const steps = build === undefined ? [] : stepRows(state, build, now);
  const isShelved = request?.state === 'shelved';
  const results = isShelved ? EXCEPTION : resultsOf(request, build);
  const isRunning = build !== undefined && !build.complete && results === null;
  const rowState = isShelved ? 'shelved' : results !== null ? 'done' : isRunning ? 'running' : 'waiting';
  const notBefore = request?.not_before == null ? 0 : request.not_before * 1000;
  return {
    requestId,
    builder: sanitizeName(state.builders.get(builderId)?.value.name ?? `builder ${builderId}`, {
      maxLength: 70,
    }),
    state: rowState,
    results,
    waitingReason:
      request?.waiting_reason == null ? null : sanitizeName(request.waiting_reason, { maxLength: 120 }),
    dueAt: rowState === 'waiting' && notBefore > now ? notBefore : null,
    trouble: isRunning ? buildTrouble(state, build, now) : null,
    buildId: build?.buildid ?? null,
    number: build?.number ?? null,
    attempt: build?.attempt ?? 0,
    stateString: sanitizeName(build?.state_string ?? '', { maxLength: 200 }),
    elapsedMs: build === undefined ? 0 : Math.max(0, (build.complete_at_ms ?? now) - build.started_at_ms),
    steps,
    step: isRunning
      ? (steps.findLast((step) => step.results === null && step.startedAt !== null) ?? null)
      : null,
    ...estimateOfRow(state, { builderId, rowState, build }, now),
  };
}

/**
 * Final as soon as the build has ended: the master says so of the request a moment later. A build to be tried again
 * decides nothing, nor does the last one of a request that is back in the queue.
 */
function resultsOf(
  request: BuildRequestResource | undefined,
  build: BuildResource | undefined,
): Results | null {
  if (request?.complete) return finalResults(request.results);
  const hasEnded = request?.claimed === true && build?.complete === true && build.results !== RETRY;
  return hasEnded ? finalResults(build.results) : null;
}

/** What waits has all of its build before it, whatever an earlier attempt had done; without a worker nobody can say. */
function estimateOfRow(
  state: ViewState,
  row: { builderId: number; rowState: BuilderRow['state']; build: BuildResource | undefined },
  now: number,
): Estimated {
  const { builderId, rowState, build } = row;
  if (rowState === 'running' || rowState === 'done') return estimateOf(state, builderId, build, now);
  const whole = estimateOf(state, builderId, undefined, now);
  const isForeseeable = rowState === 'waiting' && canBeTaken(state, builderId);
  return isForeseeable ? whole : { ...whole, fraction: null, left: null };
}

/** The attempt with the highest id is the newest. */
function newestBuild(state: ViewState, requestId: number): BuildResource | undefined {
  let newest: BuildResource | undefined;
  for (const { value } of state.builds.values()) {
    if (value.buildrequestid === requestId && value.buildid > (newest?.buildid ?? 0)) newest = value;
  }
  return newest;
}

/** The visible steps of a build in their order. */
export function stepsOf(state: ViewState, buildId: number): StepResource[] {
  return [...state.steps.values()]
    .map(({ value }) => value)
    .filter((step) => step.buildid === buildId && !step.hidden)
    .sort((a, b) => a.number - b.number);
}

function stepRows(state: ViewState, build: BuildResource, now: number): StepRow[] {
  return stepsOf(state, build.buildid).map((step) => ({
    stepId: step.stepid,
    name: sanitizeName(step.name, { maxLength: 70 }),
    results: step.complete ? step.results : null,
    stateString: sanitizeName(step.state_string, { maxLength: 200 }),
    startedAt: step.started_at_ms,
    elapsedMs:
      step.started_at_ms === null ? 0 : Math.max(0, (step.complete_at_ms ?? now) - step.started_at_ms),
    failure: state.failures.get(step.stepid) ?? null,
    tail: state.tails.get(step.stepid) ?? [],
  }));
}

type Estimated = Pick<BuilderRow, 'fraction' | 'left' | 'estimate' | 'samples'>;

/** What past builds say about a builder's running or next build at the time `now`; of one in trouble they say nothing. */
export function estimateOf(
  state: ViewState,
  builderId: number,
  build: BuildResource | undefined,
  now: number,
): Estimated {
  const profile = state.estimates.get(builderId)?.value;
  if (profile === undefined) return { fraction: null, left: null, estimate: null, samples: 0 };
  const progress = progressOf(state, build, now);
  const isForeseeable = build === undefined || buildTrouble(state, build, now) === null;
  return {
    fraction: isForeseeable ? fractionDone(profile, progress) : null,
    left: isForeseeable ? whole(remaining(profile, progress)) : null,
    estimate: whole(profile.total),
    samples: profile.samples,
  };
}

/** Quantiles of a few builds have digits that mean nothing. */
function whole(range: Range | null): Range | null {
  if (range === null) return null;
  const { low, middle, high } = range;
  return { low: Math.round(low), middle: Math.round(middle), high: Math.round(high) };
}

/** Hidden steps take time like any other. */
function progressOf(state: ViewState, build: BuildResource | undefined, now: number): Progress {
  if (build === undefined) return { elapsedMs: 0, finished: new Set(), running: null };
  const steps = [...state.steps.values()]
    .map(({ value }) => value)
    .filter(({ buildid }) => buildid === build.buildid);
  const running = steps.find(({ complete, started_at_ms }) => !complete && started_at_ms !== null);
  const since = running?.started_at_ms ?? now;
  return {
    elapsedMs: Math.max(0, now - build.started_at_ms),
    finished: new Set(steps.filter(({ complete }) => complete).map(({ name }) => name)),
    running: running === undefined ? null : { name: running.name, elapsedMs: Math.max(0, now - since) },
  };
}
