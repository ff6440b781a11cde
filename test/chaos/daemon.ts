/** One daemon of the world: started, killed, frozen, and watched, so that an end nobody asked for is noticed. */
import { appendFile } from 'node:fs/promises';
import { type Finished, type Program, start } from '../support/processes.ts';

export interface DaemonOptions {
  name: string;
  argv: readonly string[];
  /** What it says when it is there. */
  ready: RegExp;
  /** Gets what it said on standard error, run after run. */
  logFile: string;
  env: Readonly<Record<string, string | undefined>>;
}

export interface StartOptions {
  /** Laid over the daemon's own environment, for this run. */
  env?: Readonly<Record<string, string>>;
  mayEnd?: boolean;
}

export class Daemon {
  readonly #options: DaemonOptions;
  #program: Program | null = null;
  #isFrozen = false;
  #mayEnd = false;
  /** How it ended, one line for each time that nobody had asked for it. */
  readonly crashes: string[] = [];

  constructor(options: DaemonOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get isUp(): boolean {
    return this.#program !== null;
  }

  /**
   * Resolves with the milliseconds until it was ready; rejects if it ends before. `mayEnd`: its end would be no crash,
   * because something is done to it that must end it.
   */
  async start({ env = {}, mayEnd = false }: StartOptions = {}): Promise<number> {
    if (this.#program !== null) throw new Error(`${this.name} runs already`);
    this.#mayEnd = mayEnd;
    const begin = performance.now();
    const program = start(this.#options.argv, { env: { ...this.#options.env, ...env } });
    this.#program = program;
    void program.finished.then((finished) => this.#ended(program, finished));
    await program.says(this.#options.ready);
    return performance.now() - begin;
  }

  /** End it and wait until it has ended; nothing if it is not up. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const program = this.#letGo();
    if (program === null) return;
    program.child.kill(signal);
    // A frozen process takes every signal but KILL only when it goes on.
    program.child.kill('SIGCONT');
    await program.finished;
  }

  /** Whether it ends by itself within so many milliseconds. */
  async endsByItself(withinMs: number): Promise<boolean> {
    const program = this.#program;
    if (program === null) return true;
    const timeout = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => timeout.resolve(false), withinMs);
    const ended = program.finished.then(() => true);
    try {
      return await Promise.race([ended, timeout.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  freeze(): void {
    this.#isFrozen = this.#program?.child.kill('SIGSTOP') ?? false;
  }

  thaw(): void {
    if (this.#isFrozen) this.#program?.child.kill('SIGCONT');
    this.#isFrozen = false;
  }

  #letGo(): Program | null {
    const program = this.#program;
    this.#program = null;
    this.#isFrozen = false;
    return program;
  }

  async #ended(program: Program, { code, signal, stderr }: Finished): Promise<void> {
    if (this.#program === program) {
      this.#letGo();
      const how = `${this.name} ended by itself (${code ?? signal}): ${stderr.trim().slice(-500)}`;
      if (!this.#mayEnd) this.crashes.push(how);
    }
    await appendFile(this.#options.logFile, stderr).catch(() => undefined);
  }
}
