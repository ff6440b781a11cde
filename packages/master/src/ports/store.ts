/**
 * What the master asks of its database, in verbs of the domain. Each verb is one transaction: when its promise
 * resolves, everything it did is durable, and its events have been written with it. Writes on behalf of a build are
 * fenced by the build's id: once the build is finished they do nothing and answer `false`. The contract suite
 * `store/store.contract.ts` says what every implementation must hold to.
 */
import type {
  Build,
  Change,
  Command,
  CommandKey,
  Log,
  LogType,
  Master,
  PastBuild,
  Properties,
  Query,
  ResourceName,
  ResourceOf,
  Results,
  StopOrder,
  StoredEvent,
  TestCase,
  TestCounts,
  TestFormat,
  TryJobRecord,
  Worker,
  WorkerInfo,
  WorkerNote,
} from '@buildbot/shared';
import type { AttemptEnd } from '../core/attempt-end.ts';
import type { Loss } from '../core/common-loss.ts';
import type { BuiltSources } from '../core/failures/kinship.ts';
import type { PastStep } from '../core/failures/observe.ts';
import type { CredentialStore } from './credentials.ts';
import type {
  AddedBuildSet,
  ClaimedBuild,
  Inventory,
  NewBuildSet,
  NewTryJob,
  Once,
  OpenedSession,
  PendingRequest,
  Registered,
  RetentionLimits,
  StartedStep,
  StoredCommand,
  TryJobIntake,
  UnfinishedBuild,
  WorkerEffect,
} from './records.ts';

/** Told after each commit: events that were stored, and log growth, which is not. */
export type CommitListener = (events: StoredEvent[], growth: Log[]) => void;

export interface Store extends CredentialStore {
  close(): Promise<void>;
  /** Tell `listener` of every commit, in order; returns the way to stop it. */
  onCommit(listener: CommitListener): () => void;

  // Who is there
  registerMaster(name: string): Promise<Master>;
  /** It starts nothing more. Again changes nothing. */
  masterDraining(masterId: number): Promise<void>;
  masterStopped(masterId: number): Promise<void>;
  register(inventory: Inventory): Promise<Registered>;
  setWorkerState(
    workerId: number,
    state: Partial<
      Pick<
        Worker,
        | 'connected'
        | 'silentAt'
        | 'availability'
        | 'availabilityRule'
        | 'availabilityReason'
        | 'availabilityUntil'
        | 'admin'
        | 'paused'
        | 'graceful'
      >
    > & {
      info?: WorkerInfo;
    },
  ): Promise<void>;
  /** A suspect worker gets builds again. `forget`: as if it had never lost one. Harmless for one that is trusted. */
  trustWorker(workerId: number, options: { forget: boolean }): Promise<void>;
  /** Take a worker for missing, until it connects; `false` when it is there, not configured, or missing already. */
  markMissing(workerId: number): Promise<boolean>;
  /** Write an event about a worker that changes no row; `facts` are told beside its id and name. */
  noteWorker(workerId: number, note: WorkerNote, facts: Record<string, unknown>): Promise<void>;
  setSchedulerEnabled(schedulerId: number, enabled: boolean): Promise<void>;

  // What is asked for
  addBuildSet(set: NewBuildSet): Promise<AddedBuildSet>;
  /** Idempotent on the submitter's key, for as long as the build set is kept: the same wish again answers the same. */
  addBuildSetOnce(set: NewBuildSet, once: Once): Promise<AddedBuildSet | 'conflict'>;
  /** What this submitter's key has made; `null` for nothing yet, `conflict` when it was for another wish. */
  madeOnce(submitter: string, once: Once): Promise<AddedBuildSet | 'conflict' | null>;
  /** Idempotent on the job's id. */
  acceptTryJob(job: NewTryJob, set: NewBuildSet): Promise<TryJobIntake>;
  /** Keep that a job was refused. Idempotent. */
  refuseTryJob(job: NewTryJob, reason: string): Promise<void>;
  tryJob(jobId: string): Promise<TryJobRecord | null>;
  addChange(change: Omit<Change, 'changeId' | 'sourceStampId'>): Promise<Change>;
  patchBody(patchId: number): Promise<Uint8Array | null>;
  /** Repeat a build: a new build set with the same source stamps, properties and builder. `null`: no such build. */
  rebuild(buildId: number, by: string, once?: Once | null): Promise<AddedBuildSet | 'conflict' | null>;

  // The queue
  /** All of them, by their ids, or those of `requestIds` that are pending. */
  pendingRequests(requestIds?: readonly number[]): Promise<PendingRequest[]>;
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
  /** Take a request off the shelf: it is pending again and its failures are forgotten. */
  unshelve(requestId: number): Promise<'unshelved' | 'not-shelved' | 'unknown'>;

  // Builds
  /**
   * Take all builds that are not finished as this master's own, whoever began them. A database that one process holds
   * alone has no other master, but it may have been called otherwise (another host name, another folder).
   */
  takeUpBuilds(masterId: number): Promise<UnfinishedBuild[]>;
  /** Keep what a build begins with; answers it as it is then, `null` when it is finished. Again changes nothing else. */
  beginBuild(buildId: number, beginning: { recipe: string; properties: Properties }): Promise<Build | null>;
  build(buildId: number): Promise<Build | null>;
  buildOfRequest(requestId: number): Promise<Build | null>;
  /** Where the build, as if it were lost now, and those of its request that were lost had come to; the newest `count`. */
  lossesOf(buildId: number, count: number): Promise<Loss[]>;
  /** Write that somebody wants a build stopped, before anything is done about it. The first order stays. */
  orderStop(buildId: number, order: StopOrder): Promise<'ordered' | 'complete' | 'unknown'>;
  setBuildState(buildId: number, stateString: string): Promise<boolean>;
  buildProperties(buildId: number): Promise<Properties>;
  buildSetProperties(buildSetId: number): Promise<Properties | null>;
  /**
   * End a build, its unfinished steps and logs, and with it the request and, if it was the last, the build set; and keep
   * what this says about the worker. Builds that a worker loses together count as one loss.
   */
  finishBuild(input: AttemptEnd & { buildId: number }): Promise<boolean>;

  // Steps and logs
  /** Make step `number` and start it; `null` when the build is finished. The same number again answers the same step. */
  startStep(input: {
    buildId: number;
    number: number;
    name: string;
    stateString: string;
  }): Promise<StartedStep | null>;
  updateStep(
    stepId: number,
    change: { stateString?: string; addUrl?: { name: string; url: string } },
  ): Promise<boolean>;
  /**
   * End a step, and with it make the properties that it set those of its build, and what was kept of its tests complete.
   * The first end stays.
   */
  finishStep(input: {
    stepId: number;
    results: Results;
    stateString: string;
    hidden: boolean;
    properties?: Properties;
    tests?: TestCounts;
  }): Promise<boolean>;
  /** Keep some of a step's tests before its end; none is asked for twice. False when the build is finished. */
  keepTestResults(input: {
    stepId: number;
    format: TestFormat;
    tests: readonly TestCase[];
  }): Promise<boolean>;
  addLog(input: { stepId: number; name: string; type: LogType }): Promise<Log | null>;
  finishLog(logId: number): Promise<boolean>;
  /** Append text of the master's own, as one run of `stream`. Its step counts how many there were. */
  appendLog(logId: number, stream: 'o' | 'e' | 'h', bytes: Uint8Array): Promise<boolean>;

  // Commands and worker sessions
  /**
   * Keep what is wanted before anybody is asked for it. The same key again changes nothing and answers what is kept;
   * `null` when the build is finished.
   */
  putCommand(
    key: CommandKey,
    buildId: number,
    command: Command,
  ): Promise<(StoredCommand & { isNew: boolean }) | null>;
  command(key: CommandKey): Promise<StoredCommand | null>;
  /**
   * Begin or take up a session. A new boot id ends the worker's older ones, and with them every command of its builds
   * that has no outcome, but for those that certainly no process of it was ever asked for: they are `lost`. For one that
   * was ended so nothing is done: it is `superseded`. Nobody wishes yet that a new process leaves.
   */
  openSession(workerId: number, bootId: string, neverSent?: readonly CommandKey[]): Promise<OpenedSession>;
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
  /**
   * One collection in wire form. `total` counts what the filters leave; of a long history it may be too small, but
   * never so that a page behind this one would be missed. `properties`: names to fill in, `*` for all.
   */
  query<N extends ResourceName>(
    resource: N,
    query: Query,
    options?: { properties?: string[] },
  ): Promise<{ rows: ResourceOf<N>[]; total: number }>;
  /** What a build and the newest others of its builder that came to a verdict were made of; `null` for no such build. */
  builtSources(buildId: number): Promise<{ own: BuiltSources; others: BuiltSources[] } | null>;
  /** The step of this name in each of these builds that had it, with tests of these names. */
  pastSteps(input: { buildIds: number[]; step: string; tests: string[] }): Promise<PastStep[]>;
  /** Past successful builds of a builder, newest first. */
  pastBuilds(builderId: number, limit: number): Promise<PastBuild[]>;

  // Events
  /** Number of the newest event, 0 for none; and the oldest still kept. */
  eventRange(): Promise<{ oldest: number; newest: number }>;
  eventsAfter(number: number, limit: number): Promise<StoredEvent[]>;
  /** How far the reader of this name has come; `null` when it never read. */
  readerPosition(name: string): Promise<number | null>;
  /** Keep how far it has come; `null` forgets it. */
  setReaderPosition(name: string, position: number | null): Promise<void>;

  // Housekeeping
  cleanUp(limits: RetentionLimits): Promise<{ builds: number; logs: number; events: number }>;
}
