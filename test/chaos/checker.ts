/**
 * Judges what happened during chaos. Everything it needs is in a recorded history, so that it can itself be tested: a
 * history with a fault of each kind must be found out. It knows the promises and nothing of how they are kept.
 */
import { CANCELLED, EXCEPTION, RETRY, type Results } from '@buildbot/shared';
import type { LedgerLine } from './jobs.ts';

/** A job that was handed in, whether or not anybody said that it was accepted. */
export interface SubmittedJob {
  id: string;
  accepted: boolean;
  /** What comes of it if nothing keeps it from its end. */
  results: Results;
  steps: number;
}

export interface RequestRecord {
  requestId: number;
  jobId: string;
  complete: boolean;
  results: number;
}

export interface BuildRecord {
  buildId: number;
  requestId: number;
  /** As commands name it in the ledger: `builder.number`. */
  name: string;
  complete: boolean;
  results: Results | null;
  /** What it says of itself. */
  stateString: string;
}

/** The log of one step, compared with what its script printed. */
export interface LogRecord {
  buildId: number;
  /** Number of the step. */
  step: number;
  complete: boolean;
  bytes: number;
  /** `prefix`: shorter, and right as far as it goes. */
  matches: 'whole' | 'prefix' | 'differs';
}

export interface History {
  jobs: SubmittedJob[];
  requests: RequestRecord[];
  builds: BuildRecord[];
  logs: LogRecord[];
  ledger: LedgerLine[];
  /** Jobs that somebody ordered to stop. */
  stopped: ReadonlySet<string>;
  /** Numbers of the events that one subscriber was told, in that order, over all its connections. */
  events: readonly number[];
  newestEvent: number;
  /** Times each request was told to be complete. */
  completions: ReadonlyMap<number, number>;
  /** Processes of builds that are still there after all has ended. */
  orphans: { pid: number; key: string }[];
  /** Daemons that ended though nobody had asked for it. */
  crashes: string[];
  /** Workers on which a last build did not pass. */
  blockedWorkers: string[];
}

/** What went wrong, in the words of the table. */
export const VIOLATION_KINDS = [
  'lost',
  'doubled',
  'stuck',
  'wrong result',
  'wrong log',
  'orphan',
  'event gap',
  'slot kept',
  'crash',
] as const;
export type ViolationKind = (typeof VIOLATION_KINDS)[number];

export interface Violation {
  kind: ViolationKind;
  text: string;
}

/** Everything in the history that breaks a promise. */
export function check(history: History): Violation[] {
  return [
    ...checkRequests(history),
    ...checkStarts(history),
    ...checkResults(history),
    ...checkLogs(history),
    ...checkEvents(history),
    ...history.orphans.map(({ pid, key }) => violation('orphan', `process ${pid} of ${key} is still there`)),
    ...history.blockedWorkers.map((name) => violation('slot kept', `${name} takes no build any more`)),
    ...history.crashes.map((text) => violation('crash', text)),
  ];
}

function violation(kind: ViolationKind, text: string): Violation {
  return { kind, text };
}

/** Accepted is durable, once is once, and everything comes to an end. */
function checkRequests({ jobs, requests, builds }: History): Violation[] {
  const found: Violation[] = [];
  const byJob = Map.groupBy(requests, ({ jobId }) => jobId);
  for (const { id, accepted } of jobs) {
    const count = byJob.get(id)?.length ?? 0;
    if (accepted && count === 0) found.push(violation('lost', `${id} was accepted and is not there`));
    if (count > 1) found.push(violation('doubled', `${id} has ${count} requests`));
  }
  for (const { requestId, jobId, complete } of requests) {
    if (!complete) found.push(violation('stuck', `request ${requestId} (${jobId}) has no end`));
  }
  for (const { buildId, name, complete } of builds) {
    if (!complete) found.push(violation('stuck', `build ${buildId} (${name}) has no end`));
  }
  return found;
}

/** A command starts at most once for each recorded attempt, and never for one that is not recorded. */
function checkStarts({ ledger, builds, requests }: History): Violation[] {
  const found: Violation[] = [];
  const jobs = new Map(requests.map(({ requestId, jobId }) => [requestId, jobId]));
  const byName = new Map(builds.map((build) => [build.name, build]));
  const starts = ledger.filter((line) => line.kind === 'start');
  for (const [key, lines] of Map.groupBy(starts, ({ key }) => key)) {
    if (lines.length > 1) found.push(violation('doubled', `${key} started ${lines.length} times`));
    const build = byName.get(buildOf(key));
    const jobId = lines[0]?.jobId;
    if (build === undefined) found.push(violation('doubled', `${key} of ${jobId} started without a record`));
    else if (jobs.get(build.requestId) !== jobId) {
      found.push(violation('doubled', `${key} ran ${jobId}, which is not its job`));
    }
  }
  return found;
}

/** `one.17.0` is step 0 of `one.17`. */
function buildOf(key: string): string {
  return key.slice(0, key.lastIndexOf('.'));
}

/** One final result for each request, the right one, and nobody says that something passed which has not run. */
function checkResults(history: History): Violation[] {
  const found: Violation[] = [];
  const jobs = new Map(history.jobs.map((job) => [job.id, job]));
  const byRequest = Map.groupBy(history.builds, ({ requestId }) => requestId);
  const ended = new Set(history.ledger.filter(({ kind }) => kind === 'end').map(({ key }) => key));
  for (const request of history.requests.filter(({ complete }) => complete)) {
    const job = jobs.get(request.jobId);
    const wrong = (text: string): void => {
      found.push(violation('wrong result', `request ${request.requestId} (${request.jobId}) ${text}`));
    };
    if (job === undefined) {
      wrong('was asked for by nobody');
      continue;
    }
    const builds = byRequest.get(request.requestId) ?? [];
    const final = builds.filter(({ results }) => results !== RETRY);
    if (!isAllowed(request.results, job, history)) wrong(`has the result ${request.results}`);
    if (final.length > 1) wrong(`has ${final.length} final builds`);
    if (request.results === job.results) {
      if (final[0]?.results !== request.results) wrong(`says ${request.results}, its build does not`);
      const missing = stepsOf(final[0], job).filter((key) => !ended.has(key));
      if (missing.length > 0) wrong(`has its result, yet ${missing.join(', ')} did not run to the end`);
    }
    const told = history.completions.get(request.requestId) ?? 0;
    if (told !== 1) wrong(`was told to be complete ${told} times`);
  }
  return found;
}

function isAllowed(results: number, job: SubmittedJob, { stopped }: History): boolean {
  return results === job.results || (results === CANCELLED && stopped.has(job.id));
}

function stepsOf(build: BuildRecord | undefined, job: SubmittedJob): string[] {
  if (build === undefined) return [];
  return Array.from({ length: job.steps }, (_, step) => `${build.name}.${step}`);
}

/** A log is what the command wrote: whole if the command came to its end, otherwise right as far as it goes. */
function checkLogs({ logs, builds, ledger }: History): Violation[] {
  const found: Violation[] = [];
  const byKey = new Map(builds.map((build) => [build.buildId, build]));
  const keyOf = ({ buildId, step }: LogRecord): string => `${byKey.get(buildId)?.name}.${step}`;
  const whole = new Set(logs.filter(({ matches }) => matches === 'whole').map(keyOf));
  for (const log of logs) {
    if (log.matches === 'differs')
      found.push(violation('wrong log', `the log of ${keyOf(log)} has other bytes`));
    if (!log.complete) found.push(violation('stuck', `the log of ${keyOf(log)} is not closed`));
  }
  const decided = new Set(builds.filter(hasVerdict).map(({ name }) => name));
  for (const { kind, key } of ledger) {
    if (kind !== 'end' || !decided.has(buildOf(key)) || whole.has(key)) continue;
    found.push(violation('wrong log', `${key} came to its end, its log is not whole`));
  }
  return found;
}

/** Whether the build's own commands decided its result: others may have been cut off anywhere. */
function hasVerdict({ results }: BuildRecord): boolean {
  return results !== null && results !== RETRY && results !== CANCELLED && results !== EXCEPTION;
}

/** A subscriber that reconnects misses nothing and hears nothing twice. */
function checkEvents({ events, newestEvent }: History): Violation[] {
  const wrong = events.findIndex((number, index) => number !== index + 1);
  if (wrong !== -1) {
    return [violation('event gap', `after event ${events[wrong - 1] ?? 0} came ${events[wrong]}`)];
  }
  if (events.length !== newestEvent) {
    return [violation('event gap', `the last event told is ${events.length}, the newest ${newestEvent}`)];
  }
  return [];
}
