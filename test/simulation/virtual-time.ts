/**
 * Time that passes only from one event to the next. While a simulation runs, the timers of Node are this clock's: code
 * under test sets them as ever. Every event belongs to a process of the simulation; a process that is killed takes its
 * events with it, and so all its pending work, and one that is frozen finds them when it is thawed. Between two events all
 * promises settle; no real time, socket or file decides their order, so one seed gives one story.
 */
import { syncBuiltinESMExports } from 'node:module';
import timersPromises from 'node:timers/promises';
import { Heap } from '../../packages/master/src/core/queue/heap.ts';

/** A process of the simulation, or anybody else who makes things happen there. */
export interface Actor {
  readonly name: string;
  isDead: boolean;
  /** Nothing of it happens before this time. Milliseconds. */
  frozenUntil: number;
}

export function newActor(name: string): Actor {
  return { name, isDead: false, frozenUntil: 0 };
}

interface Event {
  at: number;
  order: number;
  actor: Actor;
  act: () => void;
  isCancelled: boolean;
}

type Act = (...args: unknown[]) => void;

/** What code under test holds in place of a `NodeJS.Timeout`. */
class Timer {
  event: Event | null = null;

  unref(): this {
    return this;
  }

  ref(): this {
    return this;
  }
}

const real = { setImmediate: globalThis.setImmediate };

export class VirtualTime {
  readonly #queue = new Heap<Event>((a, b) => a.at - b.at || a.order - b.order);
  #now = 0;
  #order = 0;
  #actor: Actor = newActor('nobody');

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#now;
  }

  /** Whose event is happening. */
  get actor(): Actor {
    return this.#actor;
  }

  /** Let something happen in `delayMs`, to `actor`: whoever acts now unless given. */
  after(delayMs: number, act: () => void, actor = this.#actor): () => void {
    const event = this.#schedule(delayMs, act, actor);
    return () => {
      event.isCancelled = true;
    };
  }

  /** Resolves after `delayMs`. */
  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Do something as another process would. */
  as<T>(actor: Actor, act: () => T): T {
    const before = this.#actor;
    this.#actor = actor;
    try {
      return act();
    } finally {
      this.#actor = before;
    }
  }

  /** Play until nothing is left to happen, `isOver` says so, or time is up. */
  async play(untilMs: number, isOver: () => boolean): Promise<void> {
    await this.#settle();
    while (!isOver()) {
      const event = this.#queue.peek();
      if (event === undefined || event.at > untilMs) return;
      this.#queue.pop();
      if (event.isCancelled || event.actor.isDead) continue;
      if (event.actor.frozenUntil > event.at) {
        event.at = event.actor.frozenUntil;
        this.#queue.push(event);
        continue;
      }
      this.#now = event.at;
      this.#actor = event.actor;
      event.act();
      await this.#settle();
    }
  }

  /** Put this clock in place of Node's timers; answers the way back. */
  install(): () => void {
    const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = globalThis;
    const globals = { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate };
    const { setTimeout: wait } = timersPromises;
    const clear = (timer: unknown): void => {
      if (timer instanceof Timer && timer.event !== null) timer.event.isCancelled = true;
    };
    Object.assign(globalThis, {
      setTimeout: (act: Act, ms = 0, ...args: unknown[]) => this.#timer(ms, false, () => act(...args)),
      setInterval: (act: Act, ms = 0, ...args: unknown[]) => this.#timer(ms, true, () => act(...args)),
      setImmediate: (act: Act, ...args: unknown[]) => this.#timer(0, false, () => act(...args)),
      clearTimeout: clear,
      clearInterval: clear,
      clearImmediate: clear,
    });
    Object.assign(timersPromises, { setTimeout: this.#promised });
    syncBuiltinESMExports();
    return () => {
      Object.assign(globalThis, globals);
      Object.assign(timersPromises, { setTimeout: wait });
      syncBuiltinESMExports();
    };
  }

  readonly #promised = <T>(ms = 0, value?: T, options: { signal?: AbortSignal } = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      const { signal } = options;
      if (signal?.aborted) return reject(signal.reason);
      const event = this.#schedule(ms, () => resolve(value as T), this.#actor);
      const onAbort = (): void => {
        event.isCancelled = true;
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
    });

  #timer(ms: number, isRepeated: boolean, act: () => void): Timer {
    const timer = new Timer();
    const actor = this.#actor;
    const set = (): void => {
      timer.event = this.#schedule(Math.max(isRepeated ? 1 : 0, ms), fire, actor);
    };
    const fire = (): void => {
      if (isRepeated) set();
      act();
    };
    set();
    return timer;
  }

  #schedule(delayMs: number, act: () => void, actor: Actor): Event {
    const at = this.#now + Math.max(0, delayMs);
    const event = { at, order: this.#order++, actor, act, isCancelled: false };
    this.#queue.push(event);
    return event;
  }

  /** One turn of the real event loop: every promise that can settle has settled. */
  #settle(): Promise<void> {
    return new Promise((resolve) => {
      real.setImmediate(resolve);
    });
  }
}
