/** What commands run in the simulation: processes that print, take their time, and end when they like or are told. */
import type { CommandKey, CommandOutcome, ExecCommand } from '@buildbot/shared';
import { causeOf, type Order } from '../../packages/worker/src/commands/order.ts';
import { endedEarly, exited } from '../../packages/worker/src/commands/outcome.ts';
import { OutputLog } from '../../packages/worker/src/commands/output-log.ts';
import type { Spool } from '../../packages/worker/src/spool/spool.ts';
import type { Actor, VirtualTime } from './virtual-time.ts';

export interface SimProcess {
  key: CommandKey;
  worker: string;
  /** The worker process that began it. */
  parent: Actor;
  startedAt: number;
  endedAt: number | null;
  /** Everything it wrote. */
  output: Buffer;
}

/** How a process behaves; written into the command's arguments, so that a recipe decides it. */
export interface Behaviour {
  ms: number;
  pieces: number;
  exitCode: number;
  /** How long it stays after it was told to end. */
  stubbornMs: number;
}

export function commandFor({ ms, pieces, exitCode, stubbornMs }: Behaviour): string[] {
  return ['simulate', ...[ms, pieces, exitCode, stubbornMs].map(String)];
}

function behaviourOf({ command }: ExecCommand): Behaviour {
  const [ms = 0, pieces = 0, exitCode = 0, stubbornMs = 0] = [...command].slice(1).map(Number);
  return { ms, pieces, exitCode, stubbornMs };
}

export class Processes {
  readonly all = new Map<CommandKey, SimProcess>();
  readonly living = new Set<SimProcess>();
  readonly #time: VirtualTime;
  readonly #onStart: (process: SimProcess, isFirst: boolean) => void;

  constructor(time: VirtualTime, onStart: (process: SimProcess, isFirst: boolean) => void) {
    this.#time = time;
    this.#onStart = onStart;
  }

  /** What a worker does with a command. */
  run(order: Order, at: { worker: string; parent: Actor; spool: Spool }): Promise<CommandOutcome> {
    const { key, command, signal } = order;
    if (signal.aborted || command.kind !== 'exec') return Promise.resolve(endedEarly(causeOf(signal), 0));
    const { ms, pieces, exitCode, stubbornMs } = behaviourOf(command);
    order.started();
    const process = this.#begin(key, at);
    const output = new OutputLog({ spool: at.spool, key, log: 'stdio' });
    for (let piece = 1; piece <= pieces; piece++) {
      this.#time.after((ms * piece) / (pieces + 1), () => print(process, output, piece));
    }
    return new Promise((resolve) => {
      const end = (code: number | null, signalName: string | null): void => {
        if (process.endedAt !== null) return;
        this.end(process);
        output.flush();
        const durationMs = this.#time.now - process.startedAt;
        resolve(exited({ code, signal: signalName, cause: causeOf(signal), durationMs }));
      };
      this.#time.after(ms, () => end(exitCode, null));
      const onAbort = (): void => void this.#time.after(stubbornMs, () => end(null, 'SIGTERM'));
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** A worker that was started anew ends what an earlier one left behind. */
  endLeftovers(worker: string): void {
    for (const process of this.living) if (process.worker === worker) this.end(process);
  }

  end(process: SimProcess): void {
    process.endedAt = this.#time.now;
    this.living.delete(process);
  }

  #begin(key: CommandKey, { worker, parent }: { worker: string; parent: Actor }): SimProcess {
    const process: SimProcess = {
      ...{ key, worker, parent, startedAt: this.#time.now, endedAt: null, output: Buffer.alloc(0) },
    };
    const isFirst = !this.all.has(key);
    this.all.set(key, process);
    this.living.add(process);
    this.#onStart(process, isFirst);
    return process;
  }
}

function print(process: SimProcess, output: OutputLog, piece: number): void {
  if (process.endedAt !== null) return;
  const text = Buffer.from(
    `${process.key} says ${piece}: ${'·'.repeat(piece * 7)}${piece % 3 === 0 ? '' : '\n'}`,
  );
  process.output = Buffer.concat([process.output, text]);
  output.write(piece % 4 === 0 ? 'e' : 'o', text);
}
