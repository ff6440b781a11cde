/** A master's workers' side with the real store, a real worker in this process, and a misbehaving wire between them. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CommandInput, CommandOutcome, WorkerNote } from '@buildbot/shared';
import { commandSchema } from '@buildbot/shared';
import { startWorker, type WorkerHandle, type WorkerOptions } from '@buildbot/worker';
import type { Clock, Logger } from '../../packages/master/src/ports/service.ts';
import type { Store } from '../../packages/master/src/ports/store.ts';
import type { BlobSource } from '../../packages/master/src/ports/workers.ts';
import { openStore } from '../../packages/master/src/store/open.ts';
import { type LinkTiming, WorkerSessions } from '../../packages/master/src/workers/worker-sessions.ts';
import { type ChaosProxy, startChaosProxy } from '../support/chaos-proxy.ts';
import { end, type Program, start } from '../support/processes.ts';

export const BOOT_IDS = { a: 'a'.repeat(32), b: 'b'.repeat(32) };

/** Short enough that a test sees every deadline. */
export const QUICK: LinkTiming = { keepaliveMs: 400, timeoutMs: 200, graceMs: 60_000 };

const WORKER_PROCESS = fileURLToPath(new URL('./worker-process.ts', import.meta.url));

const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

export interface LinkWorld {
  folder: string;
  store: Store;
  sessions: WorkerSessions;
  proxy: ChaosProxy;
  /** Port of the master itself, without the proxy. */
  port: number;
  workerId: number;
  /** Bodies of the events about a worker that changed nothing about it. */
  notes(note: WorkerNote): Promise<unknown[]>;
  /** What the master's log said, one line each. */
  said: string[];
  startWorker(options?: Partial<WorkerOptions>): Promise<WorkerHandle>;
  /** The same as a process of its own; resolves when it is connected. `env` is that of the process. */
  startWorkerProcess(options?: Partial<WorkerOptions>, env?: Record<string, string>): Promise<Program>;
  /** A command on a log of its own; `log` reads it back. */
  command(command: CommandInput, blobs?: Record<string, BlobSource>): Promise<StartedCommand>;
  close(): Promise<void>;
}

export interface StartedCommand {
  key: string;
  outcome: Promise<CommandOutcome>;
  /** SHA-256 and size of what the log holds now. */
  log(name?: string): Promise<{ bytes: number; sha256: string; text: () => Promise<string> }>;
}

/** A logger that notes what it was told, one line each. */
export function quietLogger(said: string[]): Logger {
  const logger: Logger = {
    debug: () => undefined,
    info: (_fields, message) => said.push(`info ${message}`),
    warn: (_fields, message) => said.push(`warn ${message}`),
    error: (_fields, message) => said.push(`error ${message}`),
    child: () => logger,
  };
  return logger;
}

/** Wait until `condition` holds; fails with `what` after `limitMs`. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 20_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await delay(10);
  }
}

/** Processes with this word among their arguments. */
export function processesWith(word: string): number[] {
  const argv = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    } catch {
      return [];
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && argv(name).includes(word))
    .map(Number);
}

/** A store with one builder, two workers `w1` and `w2`, and a running build on `w1`. */
async function prepareStore(store: Store) {
  const master = await store.registerMaster('m:/m');
  const registered = await store.register({
    builders: [{ name: 'b', description: null, tags: [] }],
    workers: ['w1', 'w2'].map((name) => ({ name, maxBuilds: 0, tags: [] })),
    schedulers: [{ name: 'force', type: 'force' }],
    eligible: [['b', 'w1']],
  });
  const builderId = registered.builders[0]?.builderId as number;
  const added = await store.addBuildSet({
    ...{
      externalId: null,
      reason: 'test',
      submitter: null,
      scheduler: 'force',
      priority: 0,
      rebuiltBuildId: null,
    },
    sourceStamps: [],
    properties: {},
    builderIds: [builderId],
  });
  const workerId = registered.workers.find(({ name }) => name === 'w1')?.workerId as number;
  const requestId = added.requests[0]?.requestId as number;
  const claimed = await store.claim({ requestId, workerId, masterId: master.masterId, builddir: 'b' });
  return { registered, workerId, build: claimed?.build as NonNullable<typeof claimed>['build'] };
}

async function readBack(store: Store, logId: number) {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of store.readLog(logId, 0)) {
    hash.update(piece);
    bytes += piece.length;
  }
  const text = async () => {
    const pieces: Uint8Array[] = [];
    for await (const piece of store.readLog(logId, 0)) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  };
  return { bytes, sha256: hash.digest('hex'), text };
}

export async function makeLinkWorld(
  options: { timing?: Partial<LinkTiming>; windowBytes?: number } = {},
): Promise<LinkWorld> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'link-')));
  const said: string[] = [];
  const logger = quietLogger(said);
  const store = await openStore({
    basedir: folder,
    clock,
    logger,
    fatal: (error) => said.push(`fatal ${error.message}`),
  });
  const { registered, workerId, build } = await prepareStore(store);
  const sessions = new WorkerSessions({
    ...{ store, clock, logger },
    workers: registered.workers.map(({ workerId, name }) => ({ workerId, name, password: 'secret' })),
    timing: { ...QUICK, ...options.timing },
    ...(options.windowBytes === undefined ? {} : { windowBytes: options.windowBytes }),
  });
  await sessions.start();
  const server = createServer();
  sessions.attach(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy = await startChaosProxy(port);
  const workers: WorkerHandle[] = [];
  const processes: Program[] = [];
  const workerOptions: WorkerOptions = {
    basedir: join(folder, 'worker'),
    name: 'w1',
    password: 'secret',
    masters: [`ws://127.0.0.1:${proxy.port}`],
    environment: { PATH: process.env.PATH, HOME: folder },
  };
  let steps = 0;

  return {
    ...{ folder, store, sessions, proxy, port, workerId, said },
    async notes(note) {
      const events = await store.eventsAfter(0, 100_000);
      return events
        .filter(({ paths }) => paths[0] === `workers/${workerId}/notes/${note}`)
        .map(({ body }) => body);
    },
    async startWorker(extra = {}) {
      const worker = await startWorker({ ...workerOptions, ...extra });
      workers.push(worker);
      return worker;
    },
    async startWorkerProcess(extra = {}, env = {}) {
      const options = JSON.stringify({ ...workerOptions, ...extra });
      const worker = start([process.execPath, '-C', 'source', WORKER_PROCESS, options], {
        env: { ...process.env, ...env },
      });
      processes.push(worker);
      await worker.says(/"connected"/);
      return worker;
    },
    async command(input, blobs = {}) {
      const command = commandSchema.parse(input);
      const number = steps++;
      const step = await store.startStep({
        buildId: build.buildId,
        number,
        name: `s${number}`,
        stateString: '',
      });
      const stepId = step?.stepId as number;
      const names = ['stdio', ...(command.kind === 'exec' ? command.logfiles.map(({ log }) => log) : [])];
      const logs: Record<string, number> = {};
      for (const name of names) {
        logs[name] = (await store.addLog({ stepId, name, type: 's' }))?.logId as number;
      }
      const key = `${build.buildId}.1.${number}.0`;
      await store.putCommand(key, build.buildId, command);
      const outcome = sessions.pool.run(workerId, { key, buildId: build.buildId, command, logs, blobs });
      return { key, outcome, log: (name = 'stdio') => readBack(store, logs[name] as number) };
    },
    async close() {
      await proxy.close();
      await sessions.stop();
      for (const worker of workers) await worker.stop();
      for (const worker of processes) await end(worker, 'SIGKILL');
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
