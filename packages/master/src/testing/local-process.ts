/** Test support: runs one exec command as a real child process in its own group. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandOutcome, ExecCommand } from '@buildbot/shared';

export interface LocalProcessInput {
  command: ExecCommand;
  /** Folder of the worker. */
  root: string;
  stdin: Uint8Array | null;
  onOutput: (stream: 'o' | 'e', bytes: Uint8Array) => void;
}

export class LocalProcess {
  readonly #input: LocalProcessInput;
  #child: ChildProcess | null = null;
  #cause: 'timeout' | 'max-time' | 'stopped' | null = null;

  constructor(input: LocalProcessInput) {
    this.#input = input;
  }

  end(cause: 'timeout' | 'max-time' | 'stopped'): void {
    this.#cause ??= cause;
    if (this.#child?.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }

  async run(): Promise<CommandOutcome> {
    const { command, root, onOutput } = this.#input;
    const cwd = join(root, command.builddir, command.workdir);
    await mkdir(cwd, { recursive: true });
    const [program = '', ...args] =
      typeof command.command === 'string' ? ['/bin/sh', '-c', command.command] : command.command;
    const child = spawn(program, args, { cwd, env: environment(command, root), detached: true });
    this.#child = child;
    if (this.#cause !== null) this.end(this.#cause);
    const timers = this.#timers(child);
    const captured: Uint8Array[] = [];
    child.stdout.on('data', (bytes: Buffer) =>
      command.output === 'capture' ? captured.push(bytes) : onOutput('o', bytes),
    );
    child.stderr.on('data', (bytes: Buffer) => onOutput('e', bytes));
    child.stdin.on('error', () => undefined);
    child.stdin.end(this.#input.stdin ?? '');
    const { promise, resolve } = Promise.withResolvers<CommandOutcome>();
    child.on('error', (error) => resolve({ status: 'failed', reason: error.message, infrastructure: false }));
    child.on('close', (code, signal) => {
      const text = command.output === 'capture' ? Buffer.concat(captured).toString() : null;
      resolve({ status: 'exited', code, signal, cause: this.#cause, durationMs: 1, text, strays: 0 });
    });
    return await promise.finally(() => timers.forEach(clearTimeout));
  }

  #timers(child: ChildProcess): NodeJS.Timeout[] {
    const { timeoutMs, maxTimeMs } = this.#input.command;
    const timers: NodeJS.Timeout[] = [];
    if (maxTimeMs !== null) timers.push(setTimeout(() => this.end('max-time'), maxTimeMs));
    if (timeoutMs !== null) {
      const silence = setTimeout(() => this.end('timeout'), timeoutMs);
      child.stdout?.on('data', () => silence.refresh());
      timers.push(silence);
    }
    return timers;
  }
}

function environment(command: ExecCommand, root: string): Record<string, string> {
  const set = Object.entries(command.env).filter(([, value]) => value !== null) as [string, string][];
  return { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: root, ...Object.fromEntries(set) };
}
