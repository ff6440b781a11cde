/** Test support: a small world of workers and requests for the tests of this folder. */
import type { AssignInput, Eligibility } from './assign.ts';
import { type QueuedRequest, RequestQueue } from './request-queue.ts';
import type { QueueWorker } from './worker-state.ts';

export function worker(workerId: number, change: Partial<QueueWorker> = {}): QueueWorker {
  return {
    workerId,
    name: `w${workerId}`,
    connected: true,
    availability: 'eager',
    availabilityRule: 'default',
    availabilityReason: null,
    availabilityUntil: null,
    paused: false,
    graceful: false,
    suspect: null,
    silent: false,
    maxBuilds: 1,
    cpus: 2,
    measuredLoad: null,
    running: 0,
    ...change,
  };
}

export function request(requestId: number, change: Partial<QueuedRequest> = {}): QueuedRequest {
  return {
    requestId,
    builderId: 1,
    priority: 0,
    submittedAt: requestId,
    notBefore: null,
    lastWorkerId: null,
    ...change,
  };
}

export function builder(builderId: number, workerIds: number[], ...warmWorkerIds: number[]): Eligibility {
  return { builderId, workerIds: new Set(workerIds), warmWorkerIds };
}

export function world(input: {
  requests: QueuedRequest[];
  workers: QueueWorker[];
  builders: Eligibility[];
  now?: number;
}): AssignInput {
  const now = input.now ?? 1_000_000;
  const queue = new RequestQueue();
  queue.replaceAll(input.requests, now);
  return {
    queue,
    workers: new Map(input.workers.map((w) => [w.workerId, w])),
    builders: new Map(input.builders.map((b) => [b.builderId, b])),
    now,
  };
}
