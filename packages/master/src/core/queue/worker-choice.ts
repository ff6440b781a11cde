/**
 * Chooses workers for a set of eligible ones. Builders with the same eligible workers share one heap; a worker's place
 * in a heap is looked at again only when it comes to the top, so an assignment costs the logarithm of the workers and
 * not their number.
 */
import { Heap } from './heap.ts';
import { compareWorkers, isFree, type QueueWorker } from './worker-state.ts';

interface Entry {
  /** The worker as it was when this entry was made: what the heap is ordered by. */
  seen: QueueWorker;
  worker: QueueWorker;
}

export class WorkerChoice {
  readonly #heap = new Heap<Entry>((a, b) => compareWorkers(a.seen, b.seen));

  constructor(workers: Iterable<QueueWorker>) {
    for (const worker of workers) if (isFree(worker)) this.#push(worker);
  }

  /**
   * The best free worker, `undefined` when there is none. It stays eligible: count its build in `running` and choose
   * again. `avoid` is passed over when there is another; `prefer` (it has built this before, its checkout is
   * warm) is taken when no other is better than it.
   */
  choose(wishes: { avoid: number | null; prefer: QueueWorker | undefined }): QueueWorker | undefined {
    const best = this.#pop();
    if (best === undefined) return undefined;
    const second = best.workerId === wishes.avoid ? this.#pop() : undefined;
    this.#push(best);
    if (second !== undefined) this.#push(second);
    const chosen = second ?? best;
    return isAsGood(wishes.prefer, chosen) && wishes.prefer.workerId !== wishes.avoid
      ? wishes.prefer
      : chosen;
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

/** Whether only the id tells `candidate` from the best one. */
function isAsGood(candidate: QueueWorker | undefined, best: QueueWorker): candidate is QueueWorker {
  if (candidate === undefined || !isFree(candidate)) return false;
  return compareWorkers({ ...candidate, workerId: 0 }, { ...best, workerId: 0 }) <= 0;
}
