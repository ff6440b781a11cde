/**
 * What becomes of the commands of a worker that is away. Those that should run wait for the grace; those that were told
 * to stop only as long as a worker takes to find out that the link is gone: somebody waits for that, and not for the
 * worker, which ends their processes when it comes back and is not told to want them, or when its own grace is over.
 */
import { GraceTimer } from '@buildbot/shared';
import type { Clock } from '../ports/service.ts';
import type { HeldCommands } from './held-commands.ts';

/** How the worker link is timed. All in milliseconds; see the `welcome` message. */
export interface LinkTiming {
  keepaliveMs: number;
  timeoutMs: number;
  graceMs: number;
}

export interface AbsenceInput {
  clock: Clock;
  timing: LinkTiming;
  /** Of the worker. */
  name: string;
  held: HeldCommands;
}

export class Absence {
  readonly #held: HeldCommands;
  readonly #grace: GraceTimer;
  readonly #patience: GraceTimer;

  constructor({ clock, timing: { keepaliveMs, timeoutMs, graceMs }, name, held }: AbsenceInput) {
    this.#held = held;
    const returnMs = keepaliveMs + timeoutMs;
    const away = `worker ${name} did not come back within ${Math.round(graceMs / 1000)} s`;
    this.#grace = new GraceTimer({ clock, graceMs, returnMs, onOver: () => held.lose(held.all, away) });
    this.#patience = new GraceTimer({
      ...{ clock, graceMs: Math.min(graceMs, returnMs), returnMs },
      onOver: () => held.lose(held.stopping, `worker ${name} was away`),
    });
  }

  /** It is away and something waits for it. Again, when something else does, changes nothing for what waits already. */
  begin(): void {
    if (this.#held.all.length > 0) this.#grace.arm();
    if (this.#held.stopping.length > 0) this.#patience.arm();
  }

  /** It is back, or nobody is waited for any more. */
  end(): void {
    this.#grace.disarm();
    this.#patience.disarm();
  }
}
