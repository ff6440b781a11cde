/** What may be asked of a running master: the one implementation behind REST, the try link and every later door. */
import type { Availability, Verdict } from '@buildbot/shared';
import type { AddedBuildSet, Once } from './records.ts';

export interface ForceInput {
  /** Builder ids; empty means all of the scheduler's. */
  builderIds: number[];
  reason: string;
  branch: string | null;
  revision: string | null;
  repository: string;
  project: string;
  properties: Record<string, unknown>;
  /** `null` takes the scheduler's. */
  priority: number | null;
}

/** `pause`, `unpause`: no new builds; `stop`: graceful, `kill`: at once; `trust`: what it lost is forgotten. */
export type WorkerVerb = 'pause' | 'unpause' | 'stop' | 'kill' | 'trust';

/** A request that cannot be met, for a reason the asker can understand. */
export interface Refusal {
  refused: string;
  /** It contradicts what the asker has asked for before. */
  isConflict?: true;
}

/** What the master's admin says of a worker. */
export interface AvailabilityOrder {
  availability: Availability;
  reason: string | null;
  /** How long it holds, `null` until it is said again. Milliseconds. */
  forMs: number | null;
}

/** What a changed configuration has changed. */
export interface Reconfigured {
  /** In a few words: `builders +mac -old ~linux; workers +w3; retry`. Empty when nothing has changed. */
  changes: string;
  /** Settings with another value that are not in force before the next start: `listen.api`. */
  needsRestart: readonly string[];
}

export interface Control {
  /** Durable intent first, then the process tree ends and the build reads CANCELLED with name and reason. */
  stopBuild(buildId: number, by: string, reason: string): Promise<void>;
  cancelRequest(requestId: number, by: string, reason: string): Promise<void>;
  setPriority(requestId: number, priority: number): Promise<void>;
  /** Take a request off the shelf. One that is not on it is left as it is. */
  unshelve(requestId: number): Promise<void>;
  /** With `once` a repeat of what made a build set makes none, and answers the same. */
  rebuild(buildId: number, by: string, once?: Once | null): Promise<AddedBuildSet | Refusal>;
  /** `once` as for `rebuild`. */
  force(
    scheduler: string,
    input: ForceInput,
    by: string,
    once?: Once | null,
  ): Promise<AddedBuildSet | Refusal>;
  setSchedulerEnabled(schedulerId: number, enabled: boolean): Promise<void>;
  controlWorker(workerId: number, verb: WorkerVerb, reason: string): Promise<void>;
  /** The lower of this and what the worker says counts. Builds that run are finished. */
  setWorkerAvailability(workerId: number, order: AvailabilityOrder, by: string): Promise<void>;
  /** Read the configuration again and take over what has changed. One that is not sound changes nothing. */
  reconfigure(): Promise<Reconfigured | Refusal>;
  /** End this master; `graceful`: start nothing more and wait for the builds that run. */
  stopMaster(options: { graceful: boolean }): Promise<void>;
}

/** Why a pending request waits, and whether anything is started at all. */
export interface QueueInsight {
  /** Nothing more is started: the master ends when the builds that run have ended. */
  readonly isDraining: boolean;
  /** One line for people, `null` when the request is not pending. */
  waitingReason(requestId: number): string | null;
}

/** Takes files of the try directory in. Repeats are harmless. */
export interface TryIntake {
  /** `file` is a plain name in the try directory; who submitted it is for the directory to prove. */
  take(file: string): Promise<Verdict>;
}
