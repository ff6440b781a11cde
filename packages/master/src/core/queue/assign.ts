/**
 * Who builds what next. The most urgent request whose builder has a free worker is served first, until no free worker
 * matches a waiting request. Costs about (builders + workers) per round and their logarithm per assignment; requests
 * that stay in the queue cost nothing.
 */
import { Heap } from './heap.ts';
import { compareRequests } from './order.ts';
import type { QueuedRequest, RequestQueue } from './request-queue.ts';
import { WorkerChoice } from './worker-choice.ts';
import type { QueueWorker } from './worker-state.ts';

/** Which workers may build for a builder. */
export interface Eligibility {
  builderId: number;
  /** Builders that share this very array share one ordering of their workers. */
  workerIds: readonly number[];
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
  const counted = new Map([...workers].map(([workerId, worker]) => [workerId, { ...worker }]));
  const choices = new Map<readonly number[], WorkerChoice>();
  const choiceFor = ({ workerIds }: Eligibility): WorkerChoice => {
    const known = choices.get(workerIds);
    if (known !== undefined) return known;
    const choice = new WorkerChoice(workerIds.flatMap((id) => counted.get(id) ?? []));
    choices.set(workerIds, choice);
    return choice;
  };

  const heads = new Heap<QueuedRequest>(compareRequests);
  const pushHead = (builderId: number): void => {
    const head = queue.ready(builderId).first();
    if (head !== undefined) heads.push(head);
  };
  for (const builderId of queue.readyBuilders()) pushHead(builderId);

  const assignments: Assignment[] = [];
  for (let request = heads.pop(); request !== undefined; request = heads.pop()) {
    const builder = builders.get(request.builderId);
    const warm = builder?.warmWorkerIds.flatMap((id) => counted.get(id) ?? []) ?? [];
    const worker = builder && choiceFor(builder).choose({ avoid: request.lastWorkerId, warm });
    // A builder without a free worker is left alone for this round, however many requests it has.
    if (worker === undefined) continue;
    worker.running++;
    queue.remove(request.requestId);
    assignments.push({ request, workerId: worker.workerId });
    pushHead(request.builderId);
  }
  return assignments;
}
