/**
 * The facts of a try: what has happened and will not change, each with a key under which it is told once. All four
 * faces (screen, plain lines, `--json`, `--events`) tell these facts and no others.
 */
import {
  type BuildEventFact,
  type BuildRequestResource,
  type BuildResource,
  CANCELLED,
  type RequestEventFact,
  type StepResource,
  sanitizeName,
} from '@buildbot/shared';
import type { LocalFact } from './messages.ts';
import type { ViewState } from './state.ts';
import { stepsOf } from './try-view.ts';
import { isInfrastructureFailure } from './verdict.ts';
import { workerAway } from './worker-away.ts';

export type BuildFact = BuildEventFact;
export type ShelvedFact = Extract<RequestEventFact, { type: 'request_shelved' }>;
export type RequestFact = Extract<RequestEventFact, { type: 'request_cancelled' }>;
/** Which build a fact is about. Names are fit for a terminal. */
export type BuildOfFact = BuildFact['build'];

export type Fact = { key: string } & (LocalFact | BuildFact | RequestFact | ShelvedFact);

/** Every fact so far, by time; of one moment, in the order of their making. `finished` is always the last. */
export function factsOf(state: ViewState): Fact[] {
  const local = state.local.map((fact, index): Fact => ({ ...fact, key: `local/${index}` }));
  const builds = [...state.builds.values()].sort((a, b) => a.value.buildid - b.value.buildid);
  const requests = [...state.requests.values()].flatMap(({ value }) => factsOfRequest(state, value));
  const facts = [...local, ...builds.flatMap(({ value }) => factsOfBuild(state, value)), ...requests];
  return facts
    .map((fact, index) => ({ fact, index }))
    .sort((a, b) => rank(a.fact) - rank(b.fact) || a.index - b.index)
    .map(({ fact }) => fact);
}

/** The clocks of both sides may differ: what comes before all builds, and after, stays there. */
function rank(fact: Fact): number {
  switch (fact.type) {
    case 'snapshot':
    case 'queued':
    case 'kept':
      return Number.NEGATIVE_INFINITY;
    case 'finished':
      return Number.POSITIVE_INFINITY;
    default:
      return fact.at;
  }
}

/** What a request tells by itself: all else is told by its builds. */
function factsOfRequest(state: ViewState, request: BuildRequestResource): Fact[] {
  const { buildrequestid: requestId, complete_at, results } = request;
  if (request.state === 'shelved') return [shelvedFact(state, request)];
  const hasBuilds = [...state.builds.values()].some(({ value }) => value.buildrequestid === requestId);
  if (hasBuilds || complete_at === null || results !== CANCELLED) return [];
  return [
    {
      key: `request/${requestId}/cancelled`,
      type: 'request_cancelled',
      at: complete_at * 1000,
      requestId,
      builder: builderName(state, request.builderid),
      results,
      // A real Buildbot has neither.
      stoppedBy: request.stopped_by ? sanitizeName(request.stopped_by) : null,
      stopReason: request.stop_reason ? sanitizeName(request.stop_reason) : null,
    },
  ];
}

/** Told again when it comes back to the shelf. */
function shelvedFact(state: ViewState, request: BuildRequestResource): Fact {
  const { buildrequestid: requestId, failures, shelved } = request;
  const where = state.connection.words.map((text) => ` ${text}`).join('');
  const commands = ['unshelve', 'cancel'].map((verb) => `buildbot ${verb} ${requestId}${where}`);
  return {
    key: `request/${requestId}/shelved/${shelved?.at ?? 0}`,
    type: 'request_shelved',
    // The last of what was told in the same second.
    at: (shelved?.at ?? 0) * 1000 + 999,
    requestId,
    builder: builderName(state, request.builderid),
    reason: sanitizeName(shelved?.reason ?? '', { maxLength: 300 }),
    failures,
    commands: state.connection.isLocal ? [] : commands,
  };
}

function builderName(state: ViewState, builderId: number): string {
  return sanitizeName(state.builders.get(builderId)?.value.name ?? `builder ${builderId}`);
}

function factsOfBuild(state: ViewState, build: BuildResource): Fact[] {
  const about: BuildOfFact = {
    buildId: build.buildid,
    builder: builderName(state, build.builderid),
    number: build.number,
  };
  const worker =
    state.workers.get(build.workerid)?.value.name ??
    propertyText(build, 'workername') ??
    `worker ${build.workerid}`;
  const facts: Fact[] = [
    {
      key: `build/${build.buildid}/started`,
      type: 'build_started',
      at: build.started_at_ms,
      build: about,
      worker: sanitizeName(worker),
      attempt: build.attempt,
    },
    ...stepsOf(state, build.buildid).flatMap((step) => factsOfStep(state, about, step)),
    ...awayFacts(state, build, about),
  ];
  if (build.complete && build.results !== null) {
    const at = build.complete_at_ms ?? build.started_at_ms;
    facts.push({
      key: `build/${build.buildid}/finished`,
      type: 'build_finished',
      at,
      build: about,
      results: build.results,
      text: sanitizeName(build.state_string, { maxLength: 300 }),
      durationMs: Math.max(0, Math.round(at - build.started_at_ms)),
      infrastructure: isInfrastructureFailure(build),
      stoppedBy: build.stopped_by === null ? null : sanitizeName(build.stopped_by),
      stopReason: build.stop_reason === null ? null : sanitizeName(build.stop_reason),
    });
  }
  return facts;
}

/** Told again when the worker goes away once more. */
function awayFacts(state: ViewState, build: BuildResource, about: BuildOfFact): Fact[] {
  const away = workerAway(state, build);
  if (away === null) return [];
  const at = away.since ?? build.started_at_ms;
  const key = `build/${build.buildid}/away/${at}`;
  return [{ key, type: 'worker_away', at, build: about, worker: away.worker }];
}

function propertyText(build: BuildResource, name: string): string | undefined {
  const value = build.properties[name]?.[0];
  return typeof value === 'string' ? value : undefined;
}

function factsOfStep(state: ViewState, build: BuildOfFact, step: StepResource): Fact[] {
  if (step.started_at_ms === null) return [];
  const name = sanitizeName(step.name, { maxLength: 70 });
  const key = `step/${step.stepid}`;
  const facts: Fact[] = [
    {
      key: `${key}/started`,
      type: 'step_started',
      at: step.started_at_ms,
      build,
      step: name,
      index: step.number,
    },
  ];
  if (!step.complete || step.results === null) return facts;
  const at = step.complete_at_ms ?? step.started_at_ms;
  facts.push({
    key: `${key}/finished`,
    type: 'step_finished',
    at,
    build,
    step: name,
    results: step.results,
    text: sanitizeName(step.state_string, { maxLength: 300 }),
    durationMs: Math.max(0, Math.round(at - step.started_at_ms)),
  });
  const failure = state.failures.get(step.stepid);
  if (failure !== undefined)
    facts.push({ key: `${key}/failure`, type: 'step_failure', at, build, step: name, failure });
  const excerpt = state.excerpts.get(step.stepid);
  if (excerpt !== undefined) {
    const commands = nextCommands(state, build, step.name, excerpt.log);
    facts.push({ key: `${key}/excerpt`, type: 'log_excerpt', at, build, step: name, ...excerpt, commands });
  }
  return facts;
}

/** What one would type next after a failure. A local master is gone by then, but its logs are not. */
function nextCommands({ connection }: ViewState, build: BuildOfFact, step: string, log: string): string[] {
  const word = (text: string) =>
    /^[A-Za-z0-9._/:=@%+-]+$/.test(text) ? text : `'${sanitizeName(text).replaceAll("'", `'\\''`)}'`;
  const where = connection.words.map((text) => ` ${text}`).join('');
  const logWord = log === 'stdio' ? '' : ` ${word(log)}`;
  const readLog = `buildbot log ${build.buildId} ${word(step)}${logWord}${where}`;
  return connection.isLocal ? [readLog] : [readLog, `buildbot rebuild ${build.buildId}${where}`];
}
