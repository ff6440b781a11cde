/** The project's programs as real processes: started, watched until they say they are ready, ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);

/** The committed bin files. */
export const BINS = {
  cli: fileURLToPath(new URL('packages/cli/bin/buildbot.js', root)),
  master: fileURLToPath(new URL('packages/master/bin/buildbot-master.js', root)),
  worker: fileURLToPath(new URL('packages/worker/bin/buildbot-worker.js', root)),
} as const;

export interface Finished {
  /** Exit code; `null` after a signal. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: Readonly<Record<string, string | undefined>>;
  /** Standard input; closed at once when left out. Null never ends. */
  input?: string | Uint8Array | null;
  uid?: number;
  gid?: number;
}

/** A started program whose output is collected. */
export interface Program {
  child: ChildProcess;
  finished: Promise<Finished>;
  /** Everything on standard output so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves when standard output (or error) matches; rejects when the program ends before. */
  says(pattern: RegExp): Promise<RegExpMatchArray>;
}

/** Start a program with its output in pipes. */
export function start(argv: readonly string[], options: RunOptions = {}): Program {
  const [program, ...args] = argv;
  const child = spawn(program as string, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: options.cwd,
    env: { ...(options.env ?? process.env) },
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  const chunks = { out: [] as Buffer[], err: [] as Buffer[] };
  child.stdout.on('data', (chunk: Buffer) => chunks.out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.err.push(chunk));
  child.stdin.on('error', () => undefined);
  if (options.input === undefined) child.stdin.end();
  else if (options.input !== null) child.stdin.end(options.input);
  const text = (kind: 'out' | 'err'): string => Buffer.concat(chunks[kind]).toString();
  const finished = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout: text('out'),
    stderr: text('err'),
  }));
  const says = (pattern: RegExp): Promise<RegExpMatchArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(text('out')) ?? pattern.exec(text('err'));
        if (match !== null) resolve(match);
      };
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      void finished.then((end) => {
        look();
        reject(
          new Error(
            `ended with ${end.code ?? end.signal} before it said ${pattern}:\n${end.stdout}${end.stderr}`,
          ),
        );
      });
      look();
    });
  return { child, finished, stdout: () => text('out'), stderr: () => text('err'), says };
}

/** Run a program to its end. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return start(argv, options).finished;
}

/** Run a program that must succeed; its standard output. */
export async function runOk(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, signal, stdout, stderr } = await run(argv, options);
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code ?? signal}:\n${stdout}${stderr}`);
  return stdout;
}

/** One of our programs as an argv. */
export function program(name: keyof typeof BINS, ...args: string[]): string[] {
  return [process.execPath, BINS[name], ...args];
}

/** End a program and wait until it has ended. */
export async function end(
  { child, finished }: Program,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<Finished> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  return finished;
}

/** A port nobody listens on now. */
export async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Look again and again until there is an answer, at most for `ms`. For conditions without a signal to wait for. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  ms = 20_000,
): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Whether a process runs: one that has ended and only waits for its parent to look does not. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && stat[stat.lastIndexOf(')') + 2] !== 'Z';
}
