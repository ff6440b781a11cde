/**
 * What it costs to decide who builds what next, on a farm of 500 workers with 10,000 queued requests. In each round one
 * of these happens: a request arrives while every worker is busy; a build ends, so that one place is free; or all workers
 * come free at once. With workers that all builders share, and with a list of its own for every builder. Beside it, what
 * it costs to say why a request waits.
 */
import { type AssignInput, assign, type Eligibility } from '../packages/master/src/core/queue/assign.ts';
import { RequestQueue } from '../packages/master/src/core/queue/request-queue.ts';
import { request, worker } from '../packages/master/src/core/queue/testing-world.ts';
import { waitingReason } from '../packages/master/src/core/queue/waiting.ts';
import type { QueueWorker } from '../packages/master/src/core/queue/worker-state.ts';
import { median, report } from './report.ts';

const WORKERS = 500;
const REQUESTS = 10_000;
const ROUNDS = Number(process.argv[2] ?? 200);
const NOW = 1_000_000;

/** A farm whose workers are all busy. */
class Farm {
  readonly queue = new RequestQueue();
  readonly workers: Map<number, QueueWorker>;
  readonly input: AssignInput;
  readonly #builders: number;
  #arrived = 0;

  constructor(builders: number, isShared: boolean) {
    const ids = Array.from({ length: WORKERS }, (_, id) => id);
    const all = new Set(ids);
    this.workers = new Map(ids.map((id) => [id, worker(id, { running: 1 })]));
    const eligible = Array.from({ length: builders }, (_, builderId): [number, Eligibility] => [
      builderId,
      {
        builderId,
        workerIds: isShared ? all : new Set(ids.filter((id) => id !== builderId)),
        warmWorkerIds: [],
      },
    ]);
    this.#builders = builders;
    this.input = { queue: this.queue, workers: this.workers, builders: new Map(eligible), now: NOW };
    while (this.queue.size < REQUESTS) this.arrive();
  }

  arrive(): void {
    const requestId = this.#arrived++;
    this.queue.put(request(requestId, { builderId: requestId % this.#builders }), NOW);
  }

  /** Let go of so many builds, decide, and be as before; microseconds of the decision for each build it began. */
  round(freed: number): number {
    for (let id = 0; id < freed; id++) (this.workers.get(id) as QueueWorker).running = 0;
    const begin = performance.now();
    const { length } = assign(this.input);
    const us = (performance.now() - begin) * 1000;
    if (length !== freed) throw new Error(`${length} builds began on ${freed} workers`);
    for (let id = 0; id < freed; id++) (this.workers.get(id) as QueueWorker).running = 1;
    for (let n = 0; n < freed; n++) this.arrive();
    return us / Math.max(1, freed);
  }

  /** Microseconds until a request that nobody can take is in the queue and was looked at. */
  arrival(): number {
    const begin = performance.now();
    this.arrive();
    assign(this.input);
    return (performance.now() - begin) * 1000;
  }

  /** Microseconds to say why the newest request waits. */
  reason(): number {
    const begin = performance.now();
    waitingReason(this.input, this.#arrived - 1);
    return (performance.now() - begin) * 1000;
  }
}

function measure(figure: string, conditions: Record<string, unknown>, once: () => number): void {
  const values = Array.from({ length: ROUNDS }, once);
  report({ bench: 'assign', figure, value: median(values), unit: 'µs', conditions });
}

// Until the code is compiled.
for (let warm = new Farm(100, true), n = 0; n < 200; n++) {
  warm.round(WORKERS);
  warm.arrival();
  warm.reason();
}
for (const builders of [10, 100, 2000]) {
  for (const lists of ['shared', 'own'] as const) {
    const farm = new Farm(builders, lists === 'shared');
    const conditions = { builders, workerLists: lists, workers: WORKERS, requests: REQUESTS, rounds: ROUNDS };
    measure('a request arrives, all are busy', conditions, () => farm.arrival());
    measure('one worker comes free', conditions, () => farm.round(1));
    measure('all workers come free, per build', conditions, () => farm.round(WORKERS));
    measure('why a request waits', conditions, () => farm.reason());
  }
}
