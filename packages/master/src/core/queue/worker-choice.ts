/**
 * Chooses workers for a set of eligible ones. Builders with the same eligible workers share one heap; a worker's place
 * in a heap is looked at again only when it comes to the top, so an assignment costs the logarithm of the workers and
 * not their number.
 */
import { Heap } from './heap.ts';
import { compareFitness, compareWorkers, isFree, type QueueWorker } from './worker-state.ts';

interface Entry {
  /** The worker as it was when this entry was made: what the heap is ordered by. */
  seen: QueueWorker;
  worker: QueueWorker;
}

export class WorkerChoice {
  readonly #heap = new Heap<Entry>((a, b) => compareWorkers(a.seen, b.seen));
  readonly #members: ReadonlySet<number>;

  constructor(workers: readonly QueueWorker[]) {
    this.#members = new Set(workers.map(({ workerId }) => workerId));
    for (const worker of workers) if (isFree(worker)) this.#push(worker);
  }

  /**
   * The best free worker, `undefined` when there is none. It stays eligible: count its build in `running` and choose
   * again. `avoid` is passed over when there is another. The first of `warm` (they have built this before, a checkout is
   * there) is taken when no other is fitter; a busier machine does not count against it.
   */
  choose(wishes: { avoid: number | null; warm: readonly QueueWorker[] }): QueueWorker | undefined {
    const best = this.#pop();
    if (best === undefined) return undefined;
    const second = best.workerId === wishes.avoid ? this.#pop() : undefined;
    this.#push(best);
    if (second !== undefined) this.#push(second);
    const chosen = second ?? best;
    const fits = (worker: QueueWorker) =>
      this.#members.has(worker.workerId) && isFree(worker) && compareFitness(worker, chosen) <= 0;
    return wishes.warm.find((worker) => worker.workerId !== wishes.avoid && fits(worker)) ?? chosen;
  }

  /** The top of the heap as things are now. */
  #pop(): QueueWorker | undefined {
    for (;;) {
      const entry = this.#heap.pop();
      if (entry === undefined) return undefined;
      if (!isFree(entry.worker)) continue;
      if (compareWorkers(entry.seen, entry.worker) === 0) return entry.worker;
      this.#push(entry.worker);
    }
  }

  #push(worker: QueueWorker): void {
    this.#heap.push({ worker, seen: { ...worker } });
  }
}
