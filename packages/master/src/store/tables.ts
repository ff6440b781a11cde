/**
 * The tables as Kysely sees them. Only whole numbers and text, so that every engine holds the same: times are epoch
 * milliseconds, truth is 0 or 1, lists and objects are JSON text. Names are those of the model; where a column has
 * no comment its meaning is that of the field of the same name in `@buildbot/shared`.
 */
import type { Generated } from 'kysely';

/** 0 or 1. */
export type Flag = 0 | 1;
/** A list or an object as JSON text. */
export type JsonText = string;

export interface MastersTable {
  masterId: Generated<number>;
  name: string;
  active: Flag;
  draining: Generated<Flag>;
  lastActiveAt: number;
}

export interface BuildersTable {
  builderId: Generated<number>;
  name: string;
  description: string | null;
  tags: JsonText;
  configured: Flag;
  /** Number of the builder's newest build, 0 for none: numbers are never given twice, also after a clean-up. */
  lastNumber: number;
}

export interface WorkersTable {
  workerId: Generated<number>;
  name: string;
  configured: Flag;
  connected: Flag;
  availability: string;
  availabilityRule: string;
  maxBuilds: number;
  tags: JsonText;
  paused: Flag;
  graceful: Flag;
  info: JsonText;
  /** What the master's admin wants of it, beside what the worker says of itself. */
  adminAvailability: Generated<string>;
  adminReason: Generated<string>;
  /** Who said so, `null` when nobody did. */
  adminBy: string | null;
  /** When, `null` when nobody did. */
  adminAt: number | null;
  /** When the admin's word ends, `null` for never. */
  adminUntil: number | null;
  /** Why, in the words of whoever made the worker's rule. */
  availabilityReason: string | null;
  /** When what the worker says of itself ends, `null` for never or unknown. */
  availabilityUntil: number | null;
  /** Builds it lost in a row. */
  losses: Generated<number>;
  /** Newest build of any worker that there was at its last loss, 0 for none: which loss another build was part of. */
  lossBuildId: Generated<number>;
  /** It gets no builds before this time: it lost several in a row. `null` when it is trusted. */
  suspectUntil: number | null;
  suspectReason: Generated<string>;
  missingAt: number | null;
  /** Since when it has been away, `null` while it is there and when it has never been. */
  awayAt: number | null;
  /** When it was last heard, `null` unless it is connected and has been silent for too long. */
  silentAt: number | null;
}

/** Which worker may build what. */
export interface EligibleTable {
  builderId: number;
  workerId: number;
}

export interface SchedulersTable {
  schedulerId: Generated<number>;
  name: string;
  type: string;
  enabled: Flag;
  configured: Flag;
}

/** The bytes are in the file `patches/<sha256>`, which is on disk before any row names it. */
export interface PatchesTable {
  patchId: Generated<number>;
  level: number;
  subdir: string;
  author: string;
  comment: string;
  bytes: number;
  sha256: string;
  tree: string | null;
}

export interface SourceStampsTable {
  sourceStampId: Generated<number>;
  /** SHA-256 over all that makes it what it is: two equal source stamps are one row. */
  digest: string;
  codebase: string;
  repository: string;
  project: string;
  branch: string | null;
  revision: string | null;
  patchId: number | null;
  createdAt: number;
}

export interface ChangesTable {
  changeId: Generated<number>;
  author: string;
  committer: string | null;
  branch: string | null;
  revision: string | null;
  category: string | null;
  codebase: string;
  project: string;
  repository: string;
  comments: string;
  files: JsonText;
  revlink: string | null;
  properties: JsonText;
  sourceStampId: number;
  at: number;
}

export interface BuildSetsTable {
  buildSetId: Generated<number>;
  externalId: string | null;
  reason: string;
  submitter: string | null;
  scheduler: string;
  submittedAt: number;
  completeAt: number | null;
  results: number | null;
  rebuiltBuildId: number | null;
  /** The submitter's own key for what was asked, unique among theirs, and a digest of it; `null` when none was given. */
  onceKey: string | null;
  onceDigest: string | null;
}

export interface BuildSetSourceStampsTable {
  buildSetId: number;
  /** Keeps the order in which they were given, from 0. */
  position: number;
  sourceStampId: number;
}

export interface BuildSetPropertiesTable {
  buildSetId: number;
  name: string;
  /** JSON text. */
  value: JsonText;
  source: string;
}

export interface BuildRequestsTable {
  requestId: Generated<number>;
  buildSetId: number;
  builderId: number;
  priority: number;
  state: string;
  submittedAt: number;
  claimedAt: number | null;
  /** Master that claimed it, `null` while it is pending. */
  masterId: number | null;
  completeAt: number | null;
  results: number | null;
  attempts: number;
  notBefore: number | null;
  /** Worker that lost the last attempt. */
  lastWorkerId: number | null;
  cancelBy: string | null;
  cancelReason: string | null;
  cancelAt: number | null;
  /** Infrastructure failures since it was asked for, or since it was last taken off the shelf. */
  failures: Generated<number>;
  /** Since when it waits for a person (state `shelved`). */
  shelvedAt: number | null;
  shelvedReason: string | null;
}

export interface BuildsTable {
  buildId: Generated<number>;
  builderId: number;
  number: number;
  requestId: number;
  attempt: number;
  workerId: number;
  masterId: number;
  startedAt: number;
  completeAt: number | null;
  results: number | null;
  stateString: string;
  stopBy: string | null;
  stopReason: string | null;
  stopAt: number | null;
  /** Bytes of the build's log file that count; 0 for no file. What lies behind is a torn tail. */
  logBytes: number;
  /** Fingerprint of the recipe it began with; `null` for builds from before there was one. */
  recipe: JsonText | null;
  /** The infrastructure failed: a lost worker, a failed machine. */
  infrastructure: Generated<Flag>;
}

export interface BuildPropertiesTable {
  buildId: number;
  name: string;
  /** JSON text. */
  value: JsonText;
  source: string;
}

export interface StepsTable {
  stepId: Generated<number>;
  buildId: number;
  number: number;
  name: string;
  startedAt: number | null;
  completeAt: number | null;
  results: number | null;
  stateString: string;
  /** `[{name, url}]`. */
  urls: JsonText;
  hidden: Flag;
  /** How many texts of the master's own are durable in its logs: what a step that runs again has said already. */
  appends: Generated<number>;
}

export interface LogsTable {
  logId: Generated<number>;
  stepId: number;
  buildId: number;
  name: string;
  slug: string;
  type: string;
  complete: Flag;
  lines: number;
  bytes: number;
}

export interface CommandsTable {
  key: string;
  buildId: number;
  command: JsonText;
  startedAt: number | null;
  outcome: JsonText | null;
  /** Bytes of each of its logs that are durable: log name to count. */
  received: Generated<JsonText>;
}

export interface WorkerSessionsTable {
  workerId: number;
  bootId: string;
  ackedSeq: number;
  openedAt: number;
  /** When another process of the worker took its place. Kept for a while: it may have been frozen then, and come back. */
  endedAt: number | null;
}

export interface TryJobsTable {
  jobId: string;
  scheduler: string;
  user: string;
  state: string;
  reason: string | null;
  buildSetId: number | null;
  sha256: string;
  receivedAt: number;
}

export interface EventsTable {
  number: Generated<number>;
  /** JSON list, the shortest path first. */
  paths: JsonText;
  body: JsonText;
  at: number;
}

/** What one step told of its tests. */
export interface TestResultSetsTable {
  testResultSetId: Generated<number>;
  builderId: number;
  buildId: number;
  stepId: number;
  format: string;
  passed: number;
  failed: number;
  skipped: number;
  complete: Flag;
}

/** One test that passed or failed. */
export interface TestResultsTable {
  testResultId: Generated<number>;
  testResultSetId: number;
  buildId: number;
  name: string;
  failed: Flag;
  path: string | null;
  line: number | null;
  durationNs: number | null;
  /** List of lines. */
  message: JsonText;
}

/** How far readers of the outbox have come, so that each event reaches them at least once. */
export interface EventReadersTable {
  name: string;
  /** Number of the last event that is dealt with. */
  position: number;
}

/** Who may come in from elsewhere: bearer tokens, and the sessions of browsers. */
export interface CredentialsTable {
  credentialId: Generated<number>;
  kind: 'token' | 'session';
  /** For people: what a token is for, how a session began. */
  name: string;
  /** SHA-256 of the secret, which is random and kept nowhere. */
  hash: string;
  user: string;
  /** What else is known of the user: mail address, full name, groups. */
  person: JsonText;
  scopes: JsonText;
  createdAt: number;
  createdBy: string;
  expiresAt: number | null;
  revokedAt: number | null;
  revokedBy: string | null;
  /** To the hour: a write for every request would be too much. */
  usedAt: number | null;
}

/** Files whose rows are gone: written with the deletion, removed once the file is. */
export interface DoomedFilesTable {
  /** `log` and a build id, or `patch` and a SHA-256. */
  kind: string;
  name: string;
}

export interface Tables {
  masters: MastersTable;
  builders: BuildersTable;
  workers: WorkersTable;
  eligible: EligibleTable;
  schedulers: SchedulersTable;
  patches: PatchesTable;
  sourceStamps: SourceStampsTable;
  changes: ChangesTable;
  buildSets: BuildSetsTable;
  buildSetSourceStamps: BuildSetSourceStampsTable;
  buildSetProperties: BuildSetPropertiesTable;
  buildRequests: BuildRequestsTable;
  builds: BuildsTable;
  buildProperties: BuildPropertiesTable;
  steps: StepsTable;
  logs: LogsTable;
  commands: CommandsTable;
  testResultSets: TestResultSetsTable;
  testResults: TestResultsTable;
  workerSessions: WorkerSessionsTable;
  tryJobs: TryJobsTable;
  events: EventsTable;
  eventReaders: EventReadersTable;
  credentials: CredentialsTable;
  doomedFiles: DoomedFilesTable;
}
