/**
 * When a verb of the model of the store takes effect, and when it is answered. In between a master may die: then the effect
 * stays, and nobody hears of it.
 */
import type { StoredEvent } from '@buildbot/shared';
import type { Logger } from '../../packages/master/src/ports/service.ts';
import type { CommitListener, Store } from '../../packages/master/src/ports/store.ts';
import type { BuildRow, Disk } from './disk.ts';
import { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import type { Actor, VirtualTime } from './virtual-time.ts';

export interface ModelStoreDeps {
  disk: Disk;
  time: VirtualTime;
  random: Random;
  /** The master that uses it: its death is the end of this store, not of the disk. */
  actor: Actor;
  logger: Logger;
  /** Epoch milliseconds. */
  now: () => number;
  /** Longest time until a write is durable, and until its answer is there. Milliseconds. */
  latencyMs: number;
}

export type Verb<Name extends keyof Store> = Store[Name] extends (...input: infer I) => unknown ? I : never;

export class DiskTime {
  protected readonly disk: Disk;
  protected readonly ledger: Ledger;
  protected readonly now: () => number;
  readonly #deps: ModelStoreDeps;
  readonly #listeners = new Set<CommitListener>();
  #lastWriteAt = 0;
  #lastAnswerAt = 0;

  constructor(deps: ModelStoreDeps) {
    this.#deps = deps;
    this.disk = deps.disk;
    this.now = deps.now;
    this.ledger = new Ledger(deps.disk, deps.now);
  }

  onCommit(listener: CommitListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Write for a build that is not finished; `null` when it is. */
  protected writeFor<T>(buildId: number, what: string, work: (build: BuildRow) => T): Promise<T | null> {
    return this.write(() => {
      const build = this.disk.live(buildId);
      if (build === null) return null;
      this.disk.witness.wrote(build, what);
      return work(build);
    });
  }

  protected write<T>(work: () => T): Promise<T> {
    const { time, random, latencyMs } = this.#deps;
    this.#lastWriteAt = Math.max(this.#lastWriteAt, time.now + random.int(0, latencyMs));
    return this.#at(this.#lastWriteAt, work);
  }

  protected read<T>(work: () => T): Promise<T> {
    const { time, random } = this.#deps;
    return this.#at(time.now + random.int(0, 1), work);
  }

  #tell(events: StoredEvent[]): void {
    if (events.length === 0) return;
    for (const listener of this.#listeners) {
      try {
        listener(events, []);
      } catch (error) {
        this.#deps.logger.error({ err: error }, 'a listener of the store failed');
      }
    }
  }

  /** Do it at that time, and answer a little later, in the order in which it was done. */
  #at<T>(at: number, work: () => T): Promise<T> {
    const { time, random, actor } = this.#deps;
    return new Promise((resolve, reject) => {
      const act = (): void => {
        let settle: () => void;
        try {
          const value = work();
          settle = () => resolve(value);
        } catch (error) {
          settle = () => reject(error);
        }
        const events = this.ledger.events.splice(0);
        this.#lastAnswerAt = Math.max(this.#lastAnswerAt, time.now + random.int(0, 1));
        time.after(
          this.#lastAnswerAt - time.now,
          () => {
            settle();
            this.#tell(events);
          },
          actor,
        );
      };
      time.after(at - time.now, act, actor);
    });
  }
}
