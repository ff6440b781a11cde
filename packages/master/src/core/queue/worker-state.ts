/** What the queue knows of a worker, and whether it may be given one more build. */
import { type Availability, formatDuration, verdictText } from '@buildbot/shared';
import { suspectText } from '../suspect.ts';

export interface QueueWorker {
  workerId: number;
  name: string;
  connected: boolean;
  availability: Availability;
  /** Which rule decided the availability, why, and until when (epoch milliseconds) as far as is known. */
  availabilityRule: string;
  availabilityReason: string | null;
  availabilityUntil: number | null;
  paused: boolean;
  graceful: boolean;
  /** It lost several builds in a row and gets none, for this long still. Milliseconds. */
  suspect: { forMs: number; reason: string } | null;
  /** It did not answer when last asked, and has not been heard of since. */
  silent: boolean;
  /** Builds it may run at once; 0 is no limit. */
  maxBuilds: number;
  cpus: number | null;
  /** Load average per processor as the worker measured it, in coarse steps; `null` when it does not say. */
  measuredLoad: number | null;
  /** Builds it runs now, those about to start included. */
  running: number;
}

/** Whether it would take builds at all, be it free or busy. */
export function isUsable(worker: QueueWorker): boolean {
  const { connected, paused, graceful, availability, suspect, silent } = worker;
  return connected && !paused && !graceful && availability !== 'unavailable' && suspect === null && !silent;
}

export function isFree(worker: QueueWorker): boolean {
  return isUsable(worker) && (worker.maxBuilds === 0 || worker.running < worker.maxBuilds);
}

/** Why a worker takes no builds at the time `now`, for people; `null` when it does. */
export function unusableReason(worker: QueueWorker, now: number): string | null {
  if (!worker.connected) return `worker ${worker.name} is not connected`;
  if (worker.paused) return `worker ${worker.name} is paused`;
  if (worker.graceful) return `worker ${worker.name} is shutting down`;
  if (worker.availability === 'unavailable')
    return `worker ${worker.name} is ${unavailableText(worker, now)}`;
  if (worker.suspect !== null) return `worker ${worker.name} is ${suspectText(worker.suspect)}`;
  return worker.silent ? `worker ${worker.name} does not answer` : null;
}

/** `unavailable (worker's admin: maintenance, for another 2h10m)`: whoever reads it may be in another time zone. */
function unavailableText(worker: QueueWorker, now: number): string {
  const {
    availability,
    availabilityRule: rule,
    availabilityReason: reason,
    availabilityUntil: until,
  } = worker;
  return verdictText(
    { availability, rule, reason, until },
    (at) => `for another ${formatDuration(at - now)}`,
  );
}

/** Share of its capacity that is in use; one build per processor when it has no limit of its own. */
export function load({ running, maxBuilds, cpus }: QueueWorker): number {
  return running / (maxBuilds === 0 ? Math.max(1, cpus ?? 1) : maxBuilds);
}

/** Eager before reluctant, then the one with more free capacity. Of equals a warm checkout decides. */
export function compareFitness(a: QueueWorker, b: QueueWorker): number {
  const reluctance = Number(a.availability === 'reluctant') - Number(b.availability === 'reluctant');
  return reluctance || load(a) - load(b);
}

/** By fitness, then the less loaded machine, then by id so that the choice is the same every time. */
export function compareWorkers(a: QueueWorker, b: QueueWorker): number {
  const measured = (a.measuredLoad ?? 0) - (b.measuredLoad ?? 0);
  return compareFitness(a, b) || measured || a.workerId - b.workerId;
}
