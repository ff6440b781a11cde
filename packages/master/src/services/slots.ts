/** Which folders on which workers are in use. A folder belongs to one build at a time. */
import { freeBuilddir } from '../core/queue/builddir.ts';

export interface Slot {
  workerId: number;
  builddir: string;
}

export class Slots {
  readonly #taken = new Map<number, Set<string>>();

  /** Builds that run, or are about to, on a worker. */
  count(workerId: number): number {
    return this.#taken.get(workerId)?.size ?? 0;
  }

  /** A build that an earlier process of the master began has its folder already. */
  hold(slot: Slot): void {
    const { workerId, builddir } = slot;
    this.#taken.set(workerId, (this.#taken.get(workerId) ?? new Set()).add(builddir));
  }

  take(workerId: number, builder: string, isBuilder: (name: string) => boolean): Slot {
    const taken = this.#taken.get(workerId) ?? new Set();
    const builddir = freeBuilddir({ builder, taken, isBuilder });
    this.hold({ workerId, builddir });
    return { workerId, builddir };
  }

  release({ workerId, builddir }: Slot): void {
    this.#taken.get(workerId)?.delete(builddir);
  }
}
