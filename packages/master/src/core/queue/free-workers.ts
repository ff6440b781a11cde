/**
 * The workers with room for one more build, in one round of the assignment. Only these are looked at, however many others
 * there are. Builders with the same eligible workers share one heap, made when the first of them asks; a worker's place
 * in a heap is looked at again only when it comes to the top, so an assignment costs the logarithm of the workers and
 * not their number.
 */
import { Heap } from './heap.ts';
import { compareFitness, compareWorkers, isFree, type QueueWorker } from './worker-state.ts';

/** Who may be chosen, and who rather not. */
interface WorkerWishes {
  eligible: ReadonlySet<number>;
  /** Passed over when there is another. */
  avoid: number | null;
  /**
   * They have built this before, a checkout is there: the first of them is taken when no other is fitter. A busier
   * machine does not count against it.
   */
  warm: readonly number[];
}

export class FreeWorkers {
  /** As they are now, with the builds that they were given in this round. No worker in it is ever changed. */
  readonly #free = new Map<number, QueueWorker>();
  /** Workers as they were when they took their place in the heap. */
  readonly #heaps = new Map<ReadonlySet<number>, Heap<QueueWorker>>();

  constructor(workers: Iterable<QueueWorker>) {
    for (const worker of workers) if (isFree(worker)) this.#free.set(worker.workerId, worker);
  }

  get size(): number {
    return this.#free.size;
  }

  /** Gives one more build to the best worker and says which; `null` when none of the eligible is free. */
  take(wishes: WorkerWishes): number | null {
    const worker = this.#choose(wishes);
    if (worker === null) return null;
    const { workerId } = worker;
    const busier = { ...worker, running: worker.running + 1 };
    if (isFree(busier)) this.#free.set(workerId, busier);
    else this.#free.delete(workerId);
    return workerId;
  }

  #choose({ eligible, avoid, warm }: WorkerWishes): QueueWorker | null {
    const heap = this.#heap(eligible);
    const best = this.#pop(heap);
    if (best === null) return null;
    const second = best.workerId === avoid ? this.#pop(heap) : null;
    heap.push(best);
    if (second !== null) heap.push(second);
    const chosen = second ?? best;
    const warmOnes = warm
      .filter((id) => id !== avoid && eligible.has(id))
      .flatMap((id) => this.#free.get(id) ?? []);
    return warmOnes.find((worker) => compareFitness(worker, chosen) <= 0) ?? chosen;
  }

  #heap(eligible: ReadonlySet<number>): Heap<QueueWorker> {
    const known = this.#heaps.get(eligible);
    if (known !== undefined) return known;
    const heap = new Heap(compareWorkers);
    for (const worker of this.#of(eligible)) heap.push(worker);
    this.#heaps.set(eligible, heap);
    return heap;
  }

  /** By way of the shorter list: a builder may have few workers of many, and of many few may be free. */
  #of(eligible: ReadonlySet<number>): QueueWorker[] {
    if (eligible.size < this.#free.size) return [...eligible].flatMap((id) => this.#free.get(id) ?? []);
    return [...this.#free.values()].filter(({ workerId }) => eligible.has(workerId));
  }

  /** The top of the heap as things are now. */
  #pop(heap: Heap<QueueWorker>): QueueWorker | null {
    for (let seen = heap.pop(); seen !== undefined; seen = heap.pop()) {
      const worker = this.#free.get(seen.workerId);
      if (worker === seen) return worker;
      if (worker !== undefined) heap.push(worker);
    }
    return null;
  }
}
