/**
 * What the full screen shows at one moment, as plain data fit for a terminal: how the farm stands in a line, and either
 * the rows of its lists that are in the window or one build with the lines of its log that are.
 */
import {
  type BuildResource,
  formatDuration,
  type Results,
  type RunningBuild,
  type StepResource,
  sanitizeName,
} from '@buildbot/shared';
import { builderNameOf, type FarmItem, waitingRequests } from './farm-items.ts';
import { type FarmRowDetail, farmRowDetails } from './farm-rows.ts';
import type { LogWindow } from './log-window.ts';
import { noContactMs, toldAt } from './no-contact.ts';
import type { ViewState } from './state.ts';
import { runningBuild } from './watch-view.ts';

export interface FarmHead {
  /** False until the master has told how things stand. */
  isKnown: boolean;
  title: string;
  draining: boolean;
  running: number;
  waiting: number;
  noContactMs: number | null;
  toldAt: number;
}

export interface FullView {
  head: FarmHead;
  /** Those in the window. */
  rows: readonly FarmRowDetail[];
  build: BuildView | null;
  /** Why what is chosen waits, in lines. */
  why: readonly string[];
  /** What came of the last order. */
  message: string | null;
}

export interface BuildView {
  name: string;
  /** Null while it runs. */
  results: Results | null;
  text: string;
  running: RunningBuild | null;
  steps: readonly StepOfBuild[];
  log: LogOfBuild | null;
}

export interface StepOfBuild {
  stepId: number;
  name: string;
  hasBegun: boolean;
  results: Results | null;
  text: string;
  durationMs: number | null;
}

export interface LogOfBuild {
  stepId: number;
  step: string;
  name: string | null;
  trouble: string | null;
  /** Those in the window. */
  lines: readonly string[];
  /** Number of the first of them, and of the line after the last of all. */
  top: number;
  end: number;
  isAtEnd: boolean;
}

export function farmHead(state: ViewState, time: number): FarmHead {
  const builds = [...state.builds.values()];
  return {
    isKnown: state.farm !== null,
    title: sanitizeName(state.farm?.title ?? '', { maxLength: 80 }),
    draining: state.farm?.draining ?? false,
    running: builds.reduce((sum, { value }) => sum + (value.complete ? 0 : 1), 0),
    waiting: waitingRequests(state).length,
    noContactMs: noContactMs(state, time),
    toldAt: toldAt(state, time),
  };
}

/** Rows of the lists; everything in them stands still while there is no contact. */
export function listRows(state: ViewState, items: readonly FarmItem[], time: number): FarmRowDetail[] {
  return farmRowDetails(state, items, toldAt(state, time));
}

/** Why the requests of the chosen builder, or the chosen request, wait. */
export function whyLines(state: ViewState, item: FarmItem | undefined): string[] {
  if (item?.kind !== 'builder' && item?.kind !== 'request')
    return ['Choose a builder or a request to see why it waits.'];
  const waiting = item.kind === 'request' ? [item.request] : ofBuilder(state, item.builder.builderid);
  if (waiting.length === 0)
    return [`Nothing of ${sanitizeName(item.kind === 'builder' ? item.builder.name : '')} waits.`];
  return waiting.map((request) => {
    const isShelved = request.state === 'shelved';
    const reason =
      (isShelved ? request.shelved?.reason : request.waiting_reason) ?? 'the master does not say';
    const builder = builderNameOf(state, request.builderid);
    const verb = isShelved ? 'is shelved' : 'waits';
    return `${builder} request ${request.buildrequestid} ${verb}: ${sanitizeName(reason, { maxLength: 1000 })}`;
  });
}

function ofBuilder(state: ViewState, builderId: number) {
  return [...state.requests.values()].flatMap(({ value }) =>
    value.builderid === builderId && !value.complete && !value.claimed ? [value] : [],
  );
}

/** Which step's log matters most: one that failed, else the one that runs, else the last that has begun. */
export function stepThatMatters(steps: readonly StepResource[]): number | null {
  const step =
    steps.find(({ results }) => results === 2 || results === 4) ??
    steps.findLast(({ complete, started_at }) => !complete && started_at !== null) ??
    steps.findLast(({ started_at }) => started_at !== null);
  return step?.stepid ?? null;
}

export interface LogLook {
  stepId: number;
  name: string | null;
  trouble: string | null;
  window: LogWindow;
  top: number;
  room: number;
}

export function buildView(
  state: ViewState,
  { build, steps, log }: { build: BuildResource; steps: readonly StepResource[]; log: LogLook | null },
  time: number,
): BuildView {
  const now = toldAt(state, time);
  const nameOf = (stepId: number) => steps.find(({ stepid }) => stepid === stepId)?.name ?? '';
  return {
    name: `${builderNameOf(state, build.builderid)}/${build.number}`,
    results: build.complete ? build.results : null,
    text: build.complete ? endText(build) : sanitizeName(build.state_string, { maxLength: 200 }),
    running: build.complete ? null : runningBuild(state, build, now),
    steps: steps.map((step) => stepOfBuild(step, now)),
    log:
      log === null ? null : { ...logOfBuild(log), step: sanitizeName(nameOf(log.stepId), { maxLength: 70 }) },
  };
}

function endText({ started_at_ms, complete_at_ms, state_string }: BuildResource): string {
  const took =
    complete_at_ms === null ? '' : ` after ${formatDuration(Math.max(0, complete_at_ms - started_at_ms))}`;
  return `${sanitizeName(state_string, { maxLength: 200 })}${took}`;
}

function stepOfBuild(step: StepResource, now: number): StepOfBuild {
  const { started_at_ms: begin, complete_at_ms: end } = step;
  return {
    stepId: step.stepid,
    name: sanitizeName(step.name, { maxLength: 70 }),
    hasBegun: begin !== null,
    results: step.complete ? step.results : null,
    text: sanitizeName(step.state_string, { maxLength: 200 }),
    durationMs: begin === null ? null : Math.max(0, (end ?? now) - begin),
  };
}

function logOfBuild({ stepId, name, trouble, window, top, room }: LogLook): Omit<LogOfBuild, 'step'> {
  return {
    stepId,
    name: name === null ? null : sanitizeName(name, { maxLength: 70 }),
    trouble: trouble === null ? null : sanitizeName(trouble, { maxLength: 200 }),
    lines: window.lines(top, room),
    top,
    end: window.end,
    isAtEnd: top + room >= window.end,
  };
}
