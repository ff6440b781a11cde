/**
 * What the master asks of its database, in verbs of the domain. Each verb is one transaction: when its promise
 * resolves, everything it did is durable, and its events have been written with it. Writes on behalf of a build are
 * fenced by the build's id: once the build is finished they do nothing and answer `false`. The contract suite
 * `store/store.contract.ts` says what every implementation must hold to.
 */
import type {
  Build,
  Builder,
  BuildRequest,
  BuildSet,
  Change,
  Command,
  CommandKey,
  CommandOutcome,
  EventMessage,
  Log,
  LogFrame,
  LogType,
  Master,
  PastBuild,
  Properties,
  Query,
  ResourceName,
  ResourceOf,
  Results,
  Scheduler,
  Step,
  StopOrder,
  StoredEvent,
  TryJobRecord,
  Worker,
  WorkerInfo,
} from '@buildbot/shared';

/** A patch on its way in. */
export interface NewPatch {
  level: number;
  subdir: string;
  author: string;
  comment: string;
  body: Uint8Array;
  tree: string | null;
}

export interface NewSourceStamp {
  codebase: string;
  repository: string;
  project: string;
  branch: string | null;
  revision: string | null;
  patch: NewPatch | null;
}

export interface NewBuildSet {
  externalId: string | null;
  reason: string;
  submitter: string | null;
  scheduler: string;
  sourceStamps: NewSourceStamp[];
  properties: Properties;
  /** One request per entry. */
  builderIds: number[];
  priority: number;
  rebuiltBuildId: number | null;
}

/** A build set with the requests made for it, in the order of `builderIds`. */
export interface AddedBuildSet {
  buildSetId: number;
  requests: { requestId: number; builderId: number }[];
}

export interface NewTryJob {
  jobId: string;
  scheduler: string;
  user: string;
  sha256: string;
}

/** `repeat` is the same job again and answers what the first time answered; `conflict` another job under its id. */
export type TryJobIntake =
  | { status: 'added' | 'repeat'; added: AddedBuildSet }
  | { status: 'refused-before'; reason: string }
  | { status: 'conflict' };

/** A pending request with what the queue decides by. */
export interface PendingRequest {
  requestId: number;
  buildSetId: number;
  builderId: number;
  priority: number;
  submittedAt: number;
  notBefore: number | null;
  attempts: number;
  /** Worker that lost its last attempt, to be avoided if there is another. */
  lastWorkerId: number | null;
}

/** Everything a runner needs to know of a build it is to run. */
export interface ClaimedBuild {
  build: Build;
  request: BuildRequest;
  buildSet: BuildSet;
}

/** What happens to the request when its build ends: it has its result, or goes back to the queue. */
export type RequestEnd = { kind: 'complete' } | { kind: 'retry'; notBefore: number | null };

/** One numbered message of a worker as it is to be made durable, in the order of `seq`. */
export type WorkerEffect =
  | { kind: 'started'; seq: number; key: CommandKey }
  | { kind: 'ended'; seq: number; key: CommandKey; outcome: CommandOutcome }
  | {
      kind: 'log';
      seq: number;
      buildId: number;
      logId: number;
      frame: Pick<LogFrame, 'length' | 'newlines' | 'runs'>;
      /** One zstd frame, stored as it came. */
      payload: Uint8Array;
    }
  /** A message about a command that is not (or no longer) this worker's: nothing but its number is kept. */
  | { kind: 'skipped'; seq: number };

/** What configuration makes known at start and at every reconfiguration. Others of the same kind are unconfigured. */
export interface Inventory {
  builders: Pick<Builder, 'name' | 'description' | 'tags'>[];
  workers: Pick<Worker, 'name' | 'maxBuilds' | 'tags'>[];
  schedulers: Pick<Scheduler, 'name' | 'type'>[];
  /** Which workers may build what: `[builder name, worker name]`. */
  eligible: [string, string][];
}

/** Ids of everything in the inventory. */
export interface Registered {
  builders: Builder[];
  workers: Worker[];
  schedulers: Scheduler[];
}

export interface StoredCommand {
  key: CommandKey;
  command: Command;
  outcome: CommandOutcome | null;
}

/** Told after each commit: events that were stored, and log growth, which is not. */
export type CommitListener = (events: StoredEvent[], growth: Log[]) => void;

/** Limits of one clean-up round; times are epoch milliseconds. */
export interface RetentionLimits {
  buildsBefore: number | null;
  logsBefore: number | null;
  eventsBefore: number | null;
  /** At most this many builds in one round. */
  batch: number;
}

export interface Store {
  close(): Promise<void>;
  /** Tell `listener` of every commit, in order; returns the way to stop it. */
  onCommit(listener: CommitListener): () => void;

  // Who is there
  registerMaster(name: string): Promise<Master>;
  masterStopped(masterId: number): Promise<void>;
  register(inventory: Inventory): Promise<Registered>;
  setWorkerState(
    workerId: number,
    state: Partial<
      Pick<Worker, 'connected' | 'availability' | 'availabilityRule' | 'paused' | 'graceful'>
    > & {
      info?: WorkerInfo;
    },
  ): Promise<void>;
  setSchedulerEnabled(schedulerId: number, enabled: boolean): Promise<void>;

  // What is asked for
  addBuildSet(set: NewBuildSet): Promise<AddedBuildSet>;
  /** Idempotent on the job's id. */
  acceptTryJob(job: NewTryJob, set: NewBuildSet): Promise<TryJobIntake>;
  /** Keep that a job was refused. Idempotent. */
  refuseTryJob(job: NewTryJob, reason: string): Promise<void>;
  tryJob(jobId: string): Promise<TryJobRecord | null>;
  addChange(change: Omit<Change, 'changeId' | 'sourceStampId'>): Promise<Change>;
  patchBody(patchId: number): Promise<Uint8Array | null>;
  /** Repeat a build: a new build set with the same source stamps, properties and builder. `null`: no such build. */
  rebuild(buildId: number, by: string): Promise<AddedBuildSet | null>;

  // The queue
  pendingRequests(): Promise<PendingRequest[]>;
  /**
   * Claim a request and make its build, or `null` when it is not pending any more (cancelled, claimed). `builddir` is
   * the folder on the worker, which the dispatcher keeps exclusive; it is kept as the build's property `builddir`. The
   * build begins with the properties of its build set.
   */
  claim(input: {
    requestId: number;
    workerId: number;
    masterId: number;
    builddir: string;
  }): Promise<ClaimedBuild | null>;
  /** Write that somebody wants a request cancelled. A pending one is complete at once; `false`: complete already. */
  cancelRequest(
    requestId: number,
    order: StopOrder,
  ): Promise<'cancelled' | 'claimed' | 'complete' | 'unknown'>;
  setPriority(requestId: number, priority: number): Promise<boolean>;

  // Builds
  /** Builds of this master that are not finished: what a crash left. */
  unfinishedBuilds(masterId: number): Promise<ClaimedBuild[]>;
  build(buildId: number): Promise<Build | null>;
  buildOfRequest(requestId: number): Promise<Build | null>;
  /** Write that somebody wants a build stopped, before anything is done about it. The first order stays. */
  orderStop(buildId: number, order: StopOrder): Promise<'ordered' | 'complete' | 'unknown'>;
  setBuildState(buildId: number, stateString: string): Promise<boolean>;
  setBuildProperties(buildId: number, properties: Properties): Promise<boolean>;
  buildProperties(buildId: number): Promise<Properties>;
  buildSetProperties(buildSetId: number): Promise<Properties | null>;
  /** End a build, its unfinished steps and logs, and with it the request and, if it was the last, the build set. */
  finishBuild(input: {
    buildId: number;
    results: Results;
    stateString: string;
    request: RequestEnd;
  }): Promise<boolean>;

  // Steps and logs
  /** Make step `number` and start it; `null` when the build is finished. The same number again answers the same step. */
  startStep(input: {
    buildId: number;
    number: number;
    name: string;
    stateString: string;
  }): Promise<Step | null>;
  updateStep(
    stepId: number,
    change: { stateString?: string; addUrl?: { name: string; url: string } },
  ): Promise<boolean>;
  finishStep(input: {
    stepId: number;
    results: Results;
    stateString: string;
    hidden: boolean;
  }): Promise<boolean>;
  addLog(input: { stepId: number; name: string; type: LogType }): Promise<Log | null>;
  finishLog(logId: number): Promise<boolean>;
  /** Append text of the master's own, as one run of `stream`. */
  appendLog(logId: number, stream: 'o' | 'e' | 'h', bytes: Uint8Array): Promise<boolean>;

  // Commands and worker sessions
  putCommand(key: CommandKey, buildId: number, command: Command): Promise<boolean>;
  command(key: CommandKey): Promise<StoredCommand | null>;
  /** Begin or take up a session; a new boot id ends the worker's older ones. */
  openSession(workerId: number, bootId: string): Promise<{ ackedSeq: number }>;
  /**
   * Make numbered messages durable together with their number: log bytes synced to their file first, then one
   * transaction. Effects whose `seq` is not above the session's are left out. Effects of finished builds only advance
   * the number. Rejects for a session that has ended, and while the disk is full: the worker keeps what was not taken.
   */
  commitWorkerEffects(workerId: number, bootId: string, effects: WorkerEffect[]): Promise<void>;

  // Reading
  log(logId: number): Promise<Log | null>;
  /** Raw bytes from `offset` to the end known now, in pieces of at most 256 KiB. */
  readLog(logId: number, offset: number): AsyncIterable<Uint8Array>;
  /**
   * Whole lines `[first, first + count)` with their stream letter for type `s`; `count` null: to the end. A line
   * belongs to the stream of its first byte; invalid UTF-8 is replaced. Bounded: of a line at most 64 KiB are shown,
   * and a view above 16 Mi characters ends with its line.
   */
  readLogLines(logId: number, first: number, count: number | null): Promise<string>;
  /** One collection in wire form. `total` counts what the filters leave. `properties`: names to fill in, `*` for all. */
  query<N extends ResourceName>(
    resource: N,
    query: Query,
    options?: { properties?: string[] },
  ): Promise<{ rows: ResourceOf<N>[]; total: number }>;
  /** Past successful builds of a builder, newest first. */
  pastBuilds(builderId: number, limit: number): Promise<PastBuild[]>;

  // Events
  /** Number of the newest event, 0 for none; and the oldest still kept. */
  eventRange(): Promise<{ oldest: number; newest: number }>;
  eventsAfter(number: number, limit: number): Promise<StoredEvent[]>;

  // Housekeeping
  cleanUp(limits: RetentionLimits): Promise<{ builds: number; logs: number; events: number }>;
}

export type { EventMessage };
