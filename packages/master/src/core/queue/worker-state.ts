/** What the queue knows of a worker, and whether it may be given one more build. */
import type { Availability } from '@buildbot/shared';
import { suspectText } from '../suspect.ts';

export interface QueueWorker {
  workerId: number;
  name: string;
  connected: boolean;
  availability: Availability;
  /** Which rule decided the availability. */
  availabilityRule: string;
  paused: boolean;
  graceful: boolean;
  /** It lost several builds in a row and gets none, for this long still. Milliseconds. */
  suspect: { forMs: number; reason: string } | null;
  /** It did not answer when last asked, and has not been heard of since. */
  silent: boolean;
  /** Builds it may run at once; 0 is no limit. */
  maxBuilds: number;
  cpus: number | null;
  /** Builds it runs now, those about to start included. */
  running: number;
}

/** Whether it would take builds at all, be it free or busy. */
export function isUsable(worker: QueueWorker): boolean {
  return unusableReason(worker) === null;
}

export function isFree(worker: QueueWorker): boolean {
  return isUsable(worker) && (worker.maxBuilds === 0 || worker.running < worker.maxBuilds);
}

/** Why a worker takes no builds, for people; `null` when it does. */
export function unusableReason(worker: QueueWorker): string | null {
  if (!worker.connected) return `worker ${worker.name} is not connected`;
  if (worker.paused) return `worker ${worker.name} is paused`;
  if (worker.graceful) return `worker ${worker.name} is shutting down`;
  if (worker.availability === 'unavailable') {
    return `worker ${worker.name} is unavailable: ${worker.availabilityRule}`;
  }
  if (worker.suspect !== null) return `worker ${worker.name} is ${suspectText(worker.suspect)}`;
  return worker.silent ? `worker ${worker.name} does not answer` : null;
}

/** Share of its capacity that is in use; one build per processor when it has no limit of its own. */
export function load({ running, maxBuilds, cpus }: QueueWorker): number {
  return running / (maxBuilds === 0 ? Math.max(1, cpus ?? 1) : maxBuilds);
}

/** Eager before reluctant, then the less loaded, then by id so that the choice is the same every time. */
export function compareWorkers(a: QueueWorker, b: QueueWorker): number {
  const reluctance = Number(a.availability === 'reluctant') - Number(b.availability === 'reluctant');
  return reluctance || load(a) - load(b) || a.workerId - b.workerId;
}
