/**
 * Test support: a `WorkerPool` whose workers are folders on this machine. Commands are real processes, and what they
 * print and how they end goes into the store the way a real worker's messages do. Faults can be made at will.
 */
import { randomBytes } from 'node:crypto';
import { cp, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { CHUNK_BYTES, type CommandOutcome, type ExecCommand, messageOf } from '@buildbot/shared';
import type { WorkerEffect } from '../ports/records.ts';
import type { Store } from '../ports/store.ts';
import type { ConnectedWorker, WantedCommand, WorkerPool } from '../ports/workers.ts';
import { LocalProcess } from './local-process.ts';

type Unnumbered = WorkerEffect extends infer E ? (E extends unknown ? Omit<E, 'seq'> : never) : never;

interface LocalWorker extends ConnectedWorker {
  root: string;
  bootId: string;
  seq: number;
  /** Everything committed so far, in order. */
  written: Promise<void>;
  answersPing: boolean;
}

interface Running {
  workerId: number;
  process: LocalProcess | null;
  settle: (outcome: CommandOutcome) => void;
  outcome: Promise<CommandOutcome>;
}

const ENDED = { status: 'exited', signal: null, cause: null, durationMs: 1, strays: 0 } as const;

export class LocalPool implements WorkerPool {
  /** Commands as they were asked for, in order. */
  readonly asked: WantedCommand[] = [];
  readonly stopped: { key: string; reason: string }[] = [];
  readonly #store: Store;
  readonly #workers = new Map<number, LocalWorker>();
  /** Also those whose asker is gone: a master that stopped and starts again finds them here. */
  readonly #running = new Map<string, Running>();
  readonly #departing = new Set<number>();
  readonly #listeners = new Set<(workerId: number) => void>();
  readonly #tasks = new Set<Promise<unknown>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Let a worker connect whose folder is `root`. */
  async connect(worker: { workerId: number; name: string; root: string }): Promise<void> {
    const bootId = randomBytes(16).toString('hex');
    await this.#store.openSession(worker.workerId, bootId);
    const info = { admin: null, host: null, accessUri: null, version: null, system: null, cpus: 2 };
    const said = {
      availabilityRule: 'default',
      availabilityReason: null,
      availabilityUntil: null,
      load: null,
    };
    const state = { availability: 'eager' as const, ...said, graceful: false, info, answersPing: true };
    this.#workers.set(worker.workerId, { ...worker, ...state, bootId, seq: 0, written: Promise.resolve() });
    this.#tell(worker.workerId);
  }

  /** The worker is gone for good: its commands are lost. */
  lose(workerId: number, reason: string): void {
    this.#workers.delete(workerId);
    for (const running of this.#running.values()) {
      if (running.workerId !== workerId) continue;
      running.settle({ status: 'lost', reason });
      running.process?.end('stopped');
    }
    this.#tell(workerId);
  }

  change(
    workerId: number,
    state: Partial<Pick<LocalWorker, 'availability' | 'load' | 'graceful' | 'answersPing'>>,
  ): void {
    Object.assign(this.#worker(workerId), state);
    this.#tell(workerId);
  }

  /** End all processes: for the end of a test. */
  close(): void {
    for (const { process } of this.#running.values()) process?.end('stopped');
  }

  /** Resolves when no command runs and everything they said is durable. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#tasks);
  }

  onChange(listener: (workerId: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  release(workerId: number): void {
    this.#workers.delete(workerId);
    this.#tell(workerId);
  }

  retire(workerId: number, reason: string): void {
    this.lose(workerId, reason);
  }

  /** Its workers need no configuration. */
  keep(): void {}

  departing(): number[] {
    return [...this.#departing];
  }

  /** A worker leaves the configuration. */
  depart(workerId: number): void {
    this.#departing.add(workerId);
  }

  dismiss(workerId: number): void {
    this.#departing.delete(workerId);
    this.lose(workerId, 'it was taken out of the configuration');
  }

  connected(): ConnectedWorker[] {
    return [...this.#workers.values()];
  }

  async ping(workerId: number, _timeoutMs: number): Promise<boolean> {
    return this.#workers.get(workerId)?.answersPing ?? false;
  }

  run(workerId: number, wanted: WantedCommand): Promise<CommandOutcome> {
    const known = this.#running.get(wanted.key);
    if (known !== undefined) return known.outcome;
    this.asked.push(wanted);
    const { promise: outcome, resolve: settle, reject } = Promise.withResolvers<CommandOutcome>();
    const running: Running = { workerId, process: null, settle, outcome };
    this.#running.set(wanted.key, running);
    const forget = (): void => void this.#running.delete(wanted.key);
    outcome.then(forget, forget);
    const work = this.#runAndKeep(workerId, wanted, running).then(settle, reject);
    this.#tasks.add(work);
    void work.then(() => this.#tasks.delete(work));
    return outcome;
  }

  stop(key: string, reason: string): void {
    this.stopped.push({ key, reason });
    this.#running.get(key)?.process?.end('stopped');
  }

  #tell(workerId: number): void {
    for (const listener of this.#listeners) listener(workerId);
  }

  #worker(workerId: number): LocalWorker {
    const worker = this.#workers.get(workerId);
    if (worker === undefined) throw new Error(`worker ${workerId} is not connected`);
    return worker;
  }

  async #runAndKeep(workerId: number, wanted: WantedCommand, running: Running): Promise<CommandOutcome> {
    const worker = this.#workers.get(workerId);
    if (worker === undefined) return { status: 'lost', reason: 'it is not connected' };
    const outcome = await this.#perform(worker, wanted, running).catch(
      (error: unknown): CommandOutcome => ({
        status: 'failed',
        reason: messageOf(error),
        infrastructure: false,
      }),
    );
    await this.#commit(worker, { kind: 'ended', key: wanted.key, outcome });
    return outcome;
  }

  async #perform(worker: LocalWorker, wanted: WantedCommand, running: Running): Promise<CommandOutcome> {
    const { command } = wanted;
    const at = (path: string): string => join(worker.root, command.builddir, path);
    switch (command.kind) {
      case 'exec':
        return await this.#exec(worker, wanted, command, running);
      case 'remove':
        await rm(at(command.path), { recursive: true, force: true });
        return { ...ENDED, code: 0, text: null };
      case 'copy':
        await rm(at(command.to), { recursive: true, force: true });
        await cp(at(command.from), at(command.to), { recursive: true, verbatimSymlinks: true });
        return { ...ENDED, code: 0, text: null };
      case 'stat': {
        const found = await stat(at(command.path)).catch(() => null);
        return { ...ENDED, code: 0, text: found === null ? 'none' : found.isDirectory() ? 'dir' : 'file' };
      }
    }
  }

  async #exec(
    worker: LocalWorker,
    wanted: WantedCommand,
    command: ExecCommand,
    running: Running,
  ): Promise<CommandOutcome> {
    const stdin = await blob(wanted, command);
    const onOutput = (stream: 'o' | 'e', bytes: Uint8Array): void => {
      void this.#log(worker, wanted, { log: 'stdio', stream, bytes });
    };
    running.process = new LocalProcess({ command, root: worker.root, stdin, onOutput });
    const outcome = await running.process.run();
    for (const { log, path } of command.logfiles) {
      const bytes = await readFile(join(worker.root, command.builddir, path)).catch(() => null);
      if (bytes !== null) await this.#log(worker, wanted, { log, stream: 'o', bytes });
    }
    await worker.written;
    return outcome;
  }

  async #log(
    worker: LocalWorker,
    wanted: WantedCommand,
    output: { log: string; stream: 'o' | 'e'; bytes: Uint8Array },
  ): Promise<void> {
    const logId = wanted.logs[output.log];
    if (logId === undefined) throw new Error(`no log ${output.log}`);
    for (let from = 0; from < output.bytes.length; from += CHUNK_BYTES) {
      const bytes = output.bytes.subarray(from, from + CHUNK_BYTES);
      const newlines = bytes.filter((byte) => byte === 10).length;
      const frame = {
        length: bytes.length,
        newlines,
        runs: [[output.stream, bytes.length]] as ['o' | 'e', number][],
      };
      const { key, buildId } = wanted;
      const payload = zstdCompressSync(bytes);
      await this.#commit(worker, { kind: 'log', key, log: output.log, buildId, logId, frame, payload });
    }
  }

  #commit(worker: LocalWorker, effect: Unnumbered): Promise<void> {
    const numbered = { ...effect, seq: ++worker.seq } as WorkerEffect;
    // A worker that is gone has nobody to tell: its session is over.
    const isThere = (): boolean => this.#workers.get(worker.workerId) === worker;
    worker.written = worker.written.then(async () => {
      if (!isThere()) return;
      const write = this.#store.commitWorkerEffects(worker.workerId, worker.bootId, [numbered]);
      await write.catch((error: unknown) => {
        if (isThere()) throw error;
      });
    });
    return worker.written;
  }
}

async function blob({ blobs }: WantedCommand, { stdin }: ExecCommand): Promise<Uint8Array | null> {
  if (stdin === null) return null;
  const source = blobs[stdin.blob];
  if (source === undefined) throw new Error(`no blob ${stdin.blob}`);
  return await source.read(0, stdin.size);
}
