/** What the store takes and gives beside the entities of the model: things on their way in, and answers of its verbs. */
import type {
  Build,
  Builder,
  BuildRequest,
  BuildSet,
  Command,
  CommandKey,
  CommandOutcome,
  LogFrame,
  Properties,
  Scheduler,
  Step,
  Worker,
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

/** What makes the repeat of a wish known: the submitter's own key for it, and a digest of what is wished. */
export interface Once {
  key: string;
  digest: string;
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

/** One numbered message of a worker as it is to be made durable, in the order of `seq`. */
export type WorkerEffect =
  | { kind: 'started'; seq: number; key: CommandKey }
  | { kind: 'ended'; seq: number; key: CommandKey; outcome: CommandOutcome }
  | {
      kind: 'log';
      seq: number;
      key: CommandKey;
      /** Name of the log as the command knows it. */
      log: string;
      buildId: number;
      logId: number;
      frame: Pick<LogFrame, 'length' | 'newlines' | 'runs'>;
      /** One zstd frame, stored as it came. */
      payload: Uint8Array;
    }
  /** The first message about a command that is not (or no longer) this worker's: an event says that it was refused. */
  | { kind: 'stale'; seq: number; key: CommandKey; what: 'started' | 'ended' | 'log' }
  /** Further ones: nothing but the number is kept. */
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
  /** Raw bytes of each of its logs that are durable: log name to count. */
  received: Readonly<Record<string, number>>;
}

/** What a process of a worker is to the master. `superseded`: another process took its place, and it must end. */
export interface OpenedSession {
  standing: 'new' | 'known' | 'superseded';
  /** Number of its newest durable message. */
  ackedSeq: number;
}

/** A build that an earlier process of the master began, with all that is needed to go on with it. */
export interface UnfinishedBuild extends ClaimedBuild {
  /** Fingerprint of the recipe it began with; `null` when it had not begun, or in a version without fingerprints. */
  recipe: string | null;
  properties: Properties;
  /** In the order of their numbers; the last one may be unfinished. */
  steps: Step[];
  /** Of the worker's process that was heard last; `null` when none was. */
  bootId: string | null;
}

/** A step that has begun. */
export interface StartedStep extends Step {
  /** It begins now, and not in an earlier process of the master. */
  isNew: boolean;
  /** How many texts of the master's own are in its logs. */
  appends: number;
}

/** Limits of one clean-up round; times are epoch milliseconds. */
export interface RetentionLimits {
  buildsBefore: number | null;
  logsBefore: number | null;
  eventsBefore: number | null;
  /** Sessions of workers' processes that were replaced. */
  sessionsBefore: number | null;
  /** At most this many builds in one round. */
  batch: number;
}
