/**
 * Events: what changed, under Buildbot's paths (`spec/rest-api-v2.md`, section 7). The store keeps each event once,
 * under its first path; subscribers are matched against all of its paths. The body is the whole resource.
 */
import * as z from 'zod';

/** One stored event. */
export interface StoredEvent {
  /** Grows by one per event, without gaps among what is kept. */
  number: number;
  /** All keys under which it is told, the shortest first: `builds/17/finished`, `builders/2/builds/5/finished`, … */
  paths: string[];
  /** The resource in its wire form. */
  body: unknown;
  at: number;
}

/** What a subscriber receives: Buildbot's `{k, m}` with the number added for events that are kept. */
const eventMessageSchema = z.object({
  k: z.string(),
  m: z.unknown(),
  /** Absent for log growth, which is told but not kept. */
  n: z.number().int().optional(),
});
export type EventMessage = z.infer<typeof eventMessageSchema>;

/** Whether `path` matches `pattern`, where a `*` component stands for exactly one component. */
export function matchesPath(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const parts = path.split('/');
  return wanted.length === parts.length && wanted.every((part, i) => part === '*' || part === parts[i]);
}

export type BuildEvent = 'new' | 'update' | 'finished';
export type StepEvent = 'new' | 'started' | 'updated' | 'finished';
export type TestResultSetEvent = 'new' | 'completed';
export type LogEvent = 'new' | 'append' | 'finished';
/** `shelved` and `unshelved` are this project's own. */
export type RequestEvent = 'new' | 'claimed' | 'unclaimed' | 'complete' | 'update' | 'shelved' | 'unshelved';
export type BuildSetEvent = 'new' | 'complete';
/** What is told of a worker without any change of it. */
export type WorkerNote =
  /** A message about an attempt that is not (or no longer) this worker's was refused. */
  | 'stale'
  /** A process was replaced by another one of the same name. */
  | 'superseded'
  /** It broke the protocol: its session is over, and what depended on it is lost. */
  | 'breach';

/** `draining` is this project's own: a graceful stop has begun. */
export type MasterEvent = 'started' | 'draining' | 'stopped';

/** `suspected`, `trusted`, `returned` (a missing one is back), `silent` and `heard` are this project's own. */
export type WorkerEvent =
  | 'connected'
  | 'disconnected'
  | 'missing'
  | 'state_updated'
  | 'suspected'
  | 'trusted'
  | 'returned'
  | 'silent'
  | 'heard';

interface BuildIds {
  buildid: number;
  builderid: number;
  number: number;
  workerid: number;
}

/** Every key of a build event. */
export function buildEventPaths(build: BuildIds, event: BuildEvent): string[] {
  return [
    `builds/${build.buildid}/${event}`,
    `builders/${build.builderid}/builds/${build.number}/${event}`,
    `workers/${build.workerid}/builds/${build.buildid}/${event}`,
  ];
}

/** Every key of a build request event. */
export function requestEventPaths(
  request: { buildrequestid: number; buildsetid: number; builderid: number },
  event: RequestEvent,
): string[] {
  const tail = `buildrequests/${request.buildrequestid}/${event}`;
  return [
    tail,
    `builders/${request.builderid}/${tail}`,
    `buildsets/${request.buildsetid}/builders/${request.builderid}/${tail}`,
  ];
}

/** Every key of a build set event. */
export function buildSetEventPaths(bsid: number, event: BuildSetEvent): string[] {
  return [`buildsets/${bsid}/${event}`];
}

/** Every key of a step event. The step's part of the longer key is its id, as Buildbot has it. */
export function stepEventPaths(step: { stepid: number; buildid: number }, event: StepEvent): string[] {
  return [`steps/${step.stepid}/${event}`, `builds/${step.buildid}/steps/${step.stepid}/${event}`];
}

/** Every key of a log event. */
export function logEventPaths(
  log: { logid: number; stepid: number; slug: string },
  event: LogEvent,
): string[] {
  return [`logs/${log.logid}/${event}`, `steps/${log.stepid}/logs/${log.slug}/${event}`];
}

/** Every key of a master event. */
export function masterEventPaths(masterid: number, event: MasterEvent): string[] {
  return [`masters/${masterid}/${event}`];
}

/** Every key of a worker event. */
export function workerEventPaths(workerid: number, event: WorkerEvent): string[] {
  return [`workers/${workerid}/${event}`];
}

/** The key of a note about a worker. Longer than those of its events, whose bodies say how the worker is now. */
export function workerNotePaths(workerid: number, note: WorkerNote): string[] {
  return [`workers/${workerid}/notes/${note}`];
}

/** The key under which changed properties of a build are told. */
export function buildPropertiesEventPaths(buildid: number): string[] {
  return [`builds/${buildid}/properties/update`];
}

/** The key of an event about a set of test results. */
export function testResultSetEventPaths(testResultSetId: number, event: TestResultSetEvent): string[] {
  return [`test_result_sets/${testResultSetId}/${event}`];
}
