/** A worker on its way out: sees when no build is left, and tells what it waits for meanwhile. */
import type { WorkerClock } from '../clock.ts';
import type { CommandTable } from '../commands/command-table.ts';
import { drainStep } from '../core/drain.ts';
import type { Spool } from '../spool/spool.ts';

/** How often it looks. Milliseconds. */
const LOOK_MS = 100;

export interface DrainDeps {
  clock: WorkerClock;
  commands: Pick<CommandTable, 'known'>;
  spool: Pick<Spool, 'lastSeq'>;
  /** `null` without a connection. */
  master: () => { tells: boolean } | null;
  /** Told whenever it is something else that is waited for. */
  onWait: (waitsFor: string) => void;
}

export class Drain {
  readonly #deps: DrainDeps;
  readonly #over = Promise.withResolvers<void>();
  readonly #timer: NodeJS.Timeout;
  #idleSince: number;
  #waitsFor = '';

  constructor(deps: DrainDeps) {
    this.#deps = deps;
    this.#idleSince = deps.clock.monotonic();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Resolves when the worker may leave. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Nothing more to wait for: the master said goodbye, or the worker ends anyway. */
  end(): void {
    clearInterval(this.#timer);
    this.#over.resolve();
  }

  #look(): void {
    const { clock, commands, spool, master, onWait } = this.#deps;
    const states = [...commands.known().values()];
    const now = clock.monotonic();
    if (states.length > 0) this.#idleSince = now;
    const there = master();
    const running = states.filter((state) => state === 'running').length;
    const step = drainStep({
      ...{ connected: there !== null, masterTells: there?.tells === true },
      ...{ running, unreported: states.length - running },
      ...{ everHadCommand: spool.lastSeq > 0, idleMs: now - this.#idleSince },
    });
    if (step.kind === 'leave') this.end();
    else if (step.waitsFor !== this.#waitsFor) {
      this.#waitsFor = step.waitsFor;
      onWait(step.waitsFor);
    }
  }
}
