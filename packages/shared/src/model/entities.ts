/**
 * The nouns of the domain as plain data: what the store keeps and the core decides over. Times end in `At` and are
 * epoch milliseconds (UTC); durations end in `Ms`; `null` means unknown or not yet, as each field says.
 * The wire forms under Buildbot's own names are in `api/resources.ts`.
 */
import type { AdminWord } from '../availability/admin-word.ts';
import type { Properties } from './property.ts';
import type { Results } from './results.ts';

/** A patch that goes on top of a source stamp's revision. The bytes live in the store, apart from the row. */
export interface Patch {
  patchId: number;
  /** Path components to strip, as in `patch -p`. */
  level: number;
  /** Folder below the source tree in which the patch applies, `''` for its top. */
  subdir: string;
  /** What the submitter calls themselves; never used to decide who may do what. */
  author: string;
  comment: string;
  /** Size of the patch in bytes. */
  bytes: number;
  /** SHA-256 of the patch, lower-case hex. */
  sha256: string;
  /** Id of the git tree that base plus patch must give, or `null` when the submitter did not say. */
  tree: string | null;
}

/** Which source to build, per codebase. Immutable. */
export interface SourceStamp {
  sourceStampId: number;
  /** Logical name of the source tree, `''` by default. */
  codebase: string;
  repository: string;
  project: string;
  /** `null` means the default branch. */
  branch: string | null;
  /** `null` means the newest revision of the branch. */
  revision: string | null;
  patch: Patch | null;
  createdAt: number;
}

/** A set of source stamps and properties to be built on several builders; its result is the worst of its requests. */
export interface BuildSet {
  buildSetId: number;
  /** The try job's id, or whatever the creator wants to find it by. */
  externalId: string | null;
  reason: string;
  /** Proven user who asked for it, `null` for the machine itself. */
  submitter: string | null;
  /** Name of the scheduler that made it. */
  scheduler: string;
  submittedAt: number;
  completeAt: number | null;
  results: Results | null;
  sourceStamps: SourceStamp[];
  properties: Properties;
  /** Build this one repeats, if any. */
  rebuiltBuildId: number | null;
}

/**
 * `pending` waits for a worker, `claimed` has a build, `shelved` failed too often for reasons that say nothing about the
 * source and waits for a person, `complete` has its result.
 */
export const BUILD_REQUEST_STATES = ['pending', 'claimed', 'shelved', 'complete'] as const;
export type BuildRequestState = (typeof BUILD_REQUEST_STATES)[number];

/** Further from 0 a priority means no more than this; it keeps the arithmetic of the queue exact. */
export const MAX_PRIORITY = 1_000_000;

/** "Build this build set on this builder." */
export interface BuildRequest {
  requestId: number;
  buildSetId: number;
  builderId: number;
  /** Higher is sooner; 0 by default. */
  priority: number;
  state: BuildRequestState;
  submittedAt: number;
  claimedAt: number | null;
  completeAt: number | null;
  results: Results | null;
  /** Attempts that were started so far; the next build of this request is attempt `attempts + 1`. */
  attempts: number;
  /** Infrastructure failures since it was asked for, or since it was last taken off the shelf. */
  failures: number;
  /** Since when and why it waits for a person; `null` unless it is shelved. */
  shelved: { at: number; reason: string } | null;
  /** Not to be started before this time (delay after an infrastructure failure), `null` for at once. */
  notBefore: number | null;
  /** Somebody asked to cancel it: by whom and why. The intent is durable before anything is done about it. */
  cancel: StopOrder | null;
}

/** Who wants a build or request to end, and why. */
export interface StopOrder {
  by: string;
  reason: string;
  at: number;
}

/** One attempt to run a request on one worker. Its id is the fence that every write on its behalf carries. */
export interface Build {
  buildId: number;
  builderId: number;
  /** Per builder, from 1. */
  number: number;
  requestId: number;
  /** Which attempt of the request this is, from 1. */
  attempt: number;
  workerId: number;
  masterId: number;
  startedAt: number;
  completeAt: number | null;
  results: Results | null;
  /** One line for people: `building`, `'make test' failed`, `cancelled by alice: wrong branch`. */
  stateString: string;
  /** The infrastructure failed: a lost worker, a failed machine. Not a broken step: that is the recipe's. */
  infrastructure: boolean;
  stop: StopOrder | null;
}

/** One numbered action of a build. */
export interface Step {
  stepId: number;
  buildId: number;
  /** From 0. */
  number: number;
  /** Unique within the build (`test`, `test_1`, …). */
  name: string;
  startedAt: number | null;
  completeAt: number | null;
  results: Results | null;
  stateString: string;
  urls: { name: string; url: string }[];
  hidden: boolean;
}

/** `s` output of a command with stream marks, `t` plain text, `h` HTML (served as text only), `d` removed by retention. */
export type LogType = 's' | 't' | 'h' | 'd';

/** An ordered stream of bytes of a step. */
export interface Log {
  logId: number;
  stepId: number;
  buildId: number;
  name: string;
  /** Identifier form of the name, unique in the step. */
  slug: string;
  type: LogType;
  complete: boolean;
  /** Complete lines; once the log is complete an unfinished last one counts too. */
  lines: number;
  /** Raw size in bytes. */
  bytes: number;
}

/** `eager` gets builds first, `reluctant` only when no eager worker is free, `unavailable` none. */
export const AVAILABILITIES = ['unavailable', 'reluctant', 'eager'] as const;
export type Availability = (typeof AVAILABILITIES)[number];

/** A machine that runs commands. */
export interface Worker {
  workerId: number;
  name: string;
  /** In the master's configuration now. */
  configured: boolean;
  connected: boolean;
  /** What the worker says of itself. */
  availability: Availability;
  /** Which of the worker's own rules decided that: `worker's admin`, `default`, … */
  availabilityRule: string;
  /** Why, in the words of whoever made the rule. */
  availabilityReason: string | null;
  /** When that ends as far as the worker knows. */
  availabilityUntil: number | null;
  /** What the master's admin says of it, `null` for nothing. The lower of the two words counts. */
  admin: AdminWord | null;
  /** Builds it may run at once; 0 is no limit. */
  maxBuilds: number;
  tags: string[];
  paused: boolean;
  graceful: boolean;
  /** It lost several builds in a row and gets none until then; `null` when it is trusted. */
  suspect: { until: number; reason: string } | null;
  /** Builds it lost in a row. */
  losses: number;
  /** Since when it is taken for missing: it was away for longer than the grace. `null` when it is not. */
  missingAt: number | null;
  /** Since when it has been away; `null` while it is there and when it has never been. */
  awayAt: number | null;
  /** When it was last heard; `null` unless it is connected and should have been heard since. */
  silentAt: number | null;
  info: WorkerInfo;
}

/** What a worker says of itself. Free text from outside: sanitise before showing. */
export interface WorkerInfo {
  admin: string | null;
  host: string | null;
  accessUri: string | null;
  version: string | null;
  /** `linux x64`, … */
  system: string | null;
  cpus: number | null;
}

/** A named recipe plus its eligible workers. */
export interface Builder {
  builderId: number;
  name: string;
  description: string | null;
  tags: string[];
  /** In the master's configuration now. */
  configured: boolean;
}

export interface Scheduler {
  schedulerId: number;
  name: string;
  type: 'try' | 'force';
  enabled: boolean;
  configured: boolean;
}

/** A daemon that owns builds. */
export interface Master {
  masterId: number;
  /** `hostname:basedir`. */
  name: string;
  active: boolean;
  /** It starts nothing more, and ends when the builds that run have ended. */
  draining: boolean;
  lastActiveAt: number;
}

/** A recorded commit-like event. */
export interface Change {
  changeId: number;
  author: string;
  committer: string | null;
  branch: string | null;
  revision: string | null;
  category: string | null;
  codebase: string;
  project: string;
  repository: string;
  comments: string;
  files: string[];
  revlink: string | null;
  properties: Properties;
  sourceStampId: number;
  at: number;
}

/** A developer's try job as the master has seen it. */
export interface TryJobRecord {
  /** The client's id; taking the same id in twice is harmless. */
  jobId: string;
  scheduler: string;
  user: string;
  state: 'accepted' | 'refused';
  /** Why it was refused. */
  reason: string | null;
  buildSetId: number | null;
  /** SHA-256 of the job file, to tell a repeat from another job under the same id. */
  sha256: string;
  receivedAt: number;
}
