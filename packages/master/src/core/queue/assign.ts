/**
 * Who builds what next. The most urgent request whose builder has a free worker is served first, until no free worker
 * matches a waiting request. Nothing is looked at but the free workers and, of each builder, its most urgent request: what
 * is busy and what stays in the queue cost nothing. What it costs: `npm run bench -- assign`.
 */
import { FreeWorkers } from './free-workers.ts';
import type { QueuedRequest, RequestQueue } from './request-queue.ts';
import type { QueueWorker } from './worker-state.ts';

/** Which workers may build for a builder. */
export interface Eligibility {
  builderId: number;
  /** Builders that share this very set share one ordering of their workers. */
  workerIds: ReadonlySet<number>;
  /** Where it was built last, the newest first: its checkout is there. Only a few, so that looking at all costs little. */
  warmWorkerIds: readonly number[];
}

export interface AssignInput {
  queue: RequestQueue;
  workers: ReadonlyMap<number, QueueWorker>;
  /** By builder id. A builder that is not among them has no worker. */
  builders: ReadonlyMap<number, Eligibility>;
  /** Epoch milliseconds. */
  now: number;
}

export interface Assignment {
  request: QueuedRequest;
  workerId: number;
}

/** Takes what can start now out of the queue and says where it goes. `workers` is not changed. */
export function assign({ queue, workers, builders, now }: AssignInput): Assignment[] {
  queue.admitDue(now);
  const free = new FreeWorkers(workers.values());
  const assignments: Assignment[] = [];
  // How many builders were passed over: without a free worker, however many requests they have.
  let passed = 0;
  while (free.size > 0) {
    const request = queue.head(passed);
    if (request === undefined) break;
    const workerId = workerFor(request, builders.get(request.builderId), free);
    if (workerId === null) passed++;
    else {
      // The builder's next request is not more urgent, so those that were passed over keep their places.
      queue.remove(request.requestId);
      assignments.push({ request, workerId });
    }
  }
  return assignments;
}

function workerFor(
  { lastWorkerId }: QueuedRequest,
  builder: Eligibility | undefined,
  free: FreeWorkers,
): number | null {
  if (builder === undefined) return null;
  return free.take({ eligible: builder.workerIds, avoid: lastWorkerId, warm: builder.warmWorkerIds });
}
