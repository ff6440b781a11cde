/**
 * Is the other end still there? Both ends of the worker link ask the same way: something is heard from each side every
 * `keepaliveMs`, a probe goes out `timeoutMs` before that ends or sooner, and a side that heard nothing for `keepaliveMs +
 * timeoutMs` cuts the connection. Long before, a side that does not answer a probe is silent, which people may want to
 * know. Any byte counts, also one in the middle of a frame, so a slow link is not a dead one.
 */

export interface LivenessTiming {
  keepaliveMs: number;
  timeoutMs: number;
}

/** A probe goes out after this much silence at the latest, and is answered at once if all is well. Milliseconds. */
const PROBE_MS = 10_000;
const ANSWER_MS = 5_000;

export type LivenessVerdict = 'fine' | 'probe' | 'dead';

/**
 * Time during which this process was awake. A process that is frozen (stopped, swapped out, a paused machine) wakes up
 * with answers waiting in its sockets; the frozen time must not count against whoever sent them. So no tick may add more
 * than `maxStepMs`.
 */
export class AwakeTime {
  #last: number;
  #awake = 0;
  readonly #maxStepMs: number;

  constructor(now: number, maxStepMs: number) {
    this.#last = now;
    this.#maxStepMs = maxStepMs;
  }

  /** Milliseconds awake up to the last advance. */
  get awakeMs(): number {
    return this.#awake;
  }

  /** Advance to the monotonic time `now`; answers the milliseconds awake since the beginning. */
  advance(now: number): number {
    this.#awake += Math.min(Math.max(now - this.#last, 0), this.#maxStepMs);
    this.#last = now;
    return this.#awake;
  }
}

/** How often `Liveness.tick` must be called: often enough to see a deadline, seldom enough to cost nothing. */
export function tickInterval(timing: LivenessTiming): number {
  return Math.min(1000, Math.max(10, Math.floor(Math.min(timing.keepaliveMs, timing.timeoutMs) / 4)));
}

/** Watches one connection by its byte counters. */
export class Liveness {
  readonly #time: AwakeTime;
  readonly #probeAfterMs: number;
  readonly #silentAfterMs: number;
  readonly #deadAfterMs: number;
  #received = 0;
  #sent = 0;
  #heardAt = 0;
  #sentAt = 0;
  #probedAt = 0;

  constructor(timing: LivenessTiming, now: number) {
    this.#time = new AwakeTime(now, 2 * tickInterval(timing));
    const { keepaliveMs, timeoutMs } = timing;
    this.#probeAfterMs = Math.min(PROBE_MS, Math.max(keepaliveMs - timeoutMs, keepaliveMs / 2));
    this.#deadAfterMs = keepaliveMs + timeoutMs;
    this.#silentAfterMs =
      this.#probeAfterMs + Math.min(ANSWER_MS, (this.#deadAfterMs - this.#probeAfterMs) / 2);
  }

  /**
   * Look at the counters of the socket (bytes since it was opened) at the monotonic time `now`. `probe` asks the caller
   * to send something: because nothing was heard, or because the other side has heard nothing of us.
   */
  tick(now: number, received: number, sent: number): LivenessVerdict {
    const at = this.#time.advance(now);
    if (received !== this.#received) this.#heardAt = at;
    if (sent !== this.#sent) this.#sentAt = at;
    this.#received = received;
    this.#sent = sent;
    if (at - this.#heardAt >= this.#deadAfterMs) return 'dead';
    const quiet = at - this.#heardAt >= this.#probeAfterMs && at - this.#probedAt >= this.#probeAfterMs;
    if (!quiet && at - this.#sentAt < this.#probeAfterMs) return 'fine';
    this.#probedAt = at;
    return 'probe';
  }

  /** Milliseconds awake since the other side was last heard, as of the last tick; `null` when all is well. */
  get silentForMs(): number | null {
    const silence = this.#time.awakeMs - this.#heardAt;
    return silence >= this.#silentAfterMs ? silence : null;
  }
}
