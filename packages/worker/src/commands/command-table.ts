/**
 * Which commands this worker has. A command is known from the moment it is wanted until the master has acknowledged its
 * end; while it is known, wanting it again changes nothing.
 */
import { type Command, type CommandKey, type CommandOutcome, messageOf } from '@buildbot/shared';
import { compareWanted, type KnownState, type Wanted } from '../core/compare.ts';
import type { Spool } from '../spool/spool.ts';
import type { Order } from './order.ts';
import { type EndCause, failed } from './outcome.ts';

export interface CommandTableDeps {
  spool: Pick<Spool, 'append'>;
  run: (order: Order) => Promise<CommandOutcome>;
}

type Entry =
  | { state: 'running'; builddir: string; abort: AbortController; ended: Promise<void> }
  | { state: 'ended'; seq: number };

export class CommandTable {
  readonly #deps: CommandTableDeps;
  readonly #entries = new Map<CommandKey, Entry>();
  #isClosed = false;

  constructor(deps: CommandTableDeps) {
    this.#deps = deps;
  }

  known(): Map<CommandKey, KnownState> {
    return new Map([...this.#entries].map(([key, { state }]) => [key, state]));
  }

  get hasRunning(): boolean {
    return [...this.#entries.values()].some(({ state }) => state === 'running');
  }

  /** Make what runs equal to what is wanted. */
  apply(wanted: readonly Wanted[]): void {
    const { start, stop } = compareWanted(wanted, this.known());
    for (const key of stop) this.#abort(key, 'stopped');
    for (const { key, command } of start) this.start(key, command);
  }

  /** Begin a command, unless it is known already or the worker is on its way out. */
  start(key: CommandKey, command: Command): void {
    if (this.#isClosed || this.#entries.has(key)) return;
    const abort = new AbortController();
    const order = { key, command, signal: abort.signal, started: () => this.#report('started', { key }) };
    const { builddir } = command;
    const ended = this.#leaving(builddir)
      .then(() => this.#deps.run(order))
      .catch((error: unknown) => failed(`the worker failed: ${messageOf(error)}`, true))
      .then((outcome) => this.#end(key, outcome));
    this.#entries.set(key, { state: 'running', builddir, abort, ended });
  }

  /**
   * Resolves when what is being ended in this folder has ended. After a restart the master may begin a build anew where
   * the processes of its last attempt still have their time to leave: the two must never work in one tree.
   */
  async #leaving(builddir: string): Promise<void> {
    const running = [...this.#entries.values()].filter((entry) => entry.state === 'running');
    // As it is now: one that comes later, the caller itself among them, would wait for its own end.
    const leaving = running.filter((entry) => entry.builddir === builddir && entry.abort.signal.aborted);
    await Promise.all(leaving.map(({ ended }) => ended));
  }

  /** End a command; its end is reported as any other. One that is not known is reported as lost. */
  stop(key: CommandKey): void {
    if (this.#entries.has(key)) this.#abort(key, 'stopped');
    else this.#end(key, { status: 'lost', reason: 'the worker does not know this command' });
  }

  /** End everything that runs; resolves when all of it has ended. */
  async stopAll(cause: EndCause): Promise<void> {
    for (const key of this.#entries.keys()) this.#abort(key, cause);
    const running = [...this.#entries.values()].filter((entry) => entry.state === 'running');
    await Promise.all(running.map((entry) => entry.ended));
  }

  /** Forget commands whose end the master has acknowledged. */
  forget(ackedSeq: number): void {
    for (const [key, entry] of this.#entries) {
      if (entry.state === 'ended' && entry.seq <= ackedSeq) this.#entries.delete(key);
    }
  }

  /** End everything and forget it, with all that was to be reported: the session it belonged to is over. */
  async abandon(): Promise<void> {
    await this.stopAll('master-gone');
    this.#entries.clear();
  }

  /** End everything and begin nothing more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.stopAll('worker-shutdown');
  }

  #abort(key: CommandKey, cause: EndCause): void {
    const entry = this.#entries.get(key);
    // The first cause stays: a command that is being ended for one reason is not ended again for another.
    if (entry?.state === 'running' && !entry.abort.signal.aborted) entry.abort.abort(cause);
  }

  #end(key: CommandKey, outcome: CommandOutcome): void {
    const seq = this.#report('ended', { key, outcome });
    this.#entries.set(key, { state: 'ended', seq });
  }

  #report(type: 'started' | 'ended', fields: object): number {
    return this.#deps.spool.append(false, (seq) => Buffer.from(JSON.stringify({ type, seq, ...fields })));
  }
}
