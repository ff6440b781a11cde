/** What services ask of the workers' side: who is there, is it alive, run this command there. */
import type { Availability, Command, CommandKey, CommandOutcome, WorkerInfo } from '@buildbot/shared';

export interface WorkerIdentity {
  workerId: number;
  name: string;
}

/** A worker that was in the configuration when its builds began. */
export interface FormerWorker extends WorkerIdentity {
  /** Of the process that has its builds; `null` when none is known to live. */
  bootId: string | null;
}

/** One connected worker as the dispatcher sees it. */
export interface ConnectedWorker {
  workerId: number;
  name: string;
  /** What the worker says of itself, as in the model's `Worker`. */
  availability: Availability;
  availabilityRule: string;
  availabilityReason: string | null;
  availabilityUntil: number | null;
  /** Load average per processor in coarse steps, `null` when the worker does not say. */
  load: number | null;
  /** It is on its way out, and waits for the goodbye. */
  graceful: boolean;
  info: WorkerInfo;
}

/** Bytes that a command's standard input is made of. */
export interface BlobSource {
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A command that should be running on a worker. */
export interface WantedCommand {
  key: CommandKey;
  buildId: number;
  command: Command;
  /** Where each of its logs goes: log name to log id. Frames for other names are refused. */
  logs: Record<string, number>;
  /** By blob name. */
  blobs: Record<string, BlobSource>;
  /**
   * An earlier process of the master asked for it already: a worker process may have it. `received` are the raw bytes of
   * each of its logs that are durable.
   */
  resumed?: { received: Readonly<Record<string, number>> };
}

export interface WorkerPool {
  /** Told of every worker that comes, goes, or changes its availability. Returns the way to stop it. */
  onChange(listener: (workerId: number) => void): () => void;
  connected(): ConnectedWorker[];
  /** One round trip; `false` when the worker is away or silent for `timeoutMs`. */
  ping(workerId: number, timeoutMs: number): Promise<boolean>;
  /**
   * Want a command. Resolves with its outcome once that is durable, whatever happens to connections meanwhile;
   * `lost` when the worker cannot say any more, or did not come back within the grace.
   */
  run(workerId: number, wanted: WantedCommand): Promise<CommandOutcome>;
  /** Say goodbye to a worker that is on its way out: no build is left there. */
  release(workerId: number): void;
  /** Take a worker out of service: its process ends, with all that runs there, and does not come back by itself. */
  retire(workerId: number, reason: string): void;
  /**
   * It has unfinished builds. If it was taken out of the configuration while the master was away, it is departing from now
   * on: its process of then may come back to them.
   */
  keep(worker: FormerWorker): void;
  /** Workers that are not in the configuration any more, and keep what runs there until they are dismissed. */
  departing(): number[];
  /** Send a departing worker away: no build is left there. */
  dismiss(workerId: number): void;
  /** Do not want it any more: its process tree ends and `run` resolves with the outcome. Unknown keys are fine. */
  stop(key: CommandKey, reason: string): void;
}
