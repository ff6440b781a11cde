/** The composition root of a worker: the one file that knows all of its parts. Also the way to embed one. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { messageOf, type WorkerAvailability, type WorkerInfo } from '@buildbot/shared';
import { AvailabilityWatch } from './availability/availability.ts';
import { systemClock, type WorkerClock } from './clock.ts';
import { CommandTable } from './commands/command-table.ts';
import type { ExecDeps } from './commands/exec.ts';
import { runCommand } from './commands/run.ts';
import { DEFAULT_ALLOWED } from './core/clean-environment.ts';
import { type FailPoint, noFailPoint } from './fail-point.ts';
import { silentLog, type WorkerLog } from './log.ts';
import { platformFor, platformOf } from './process/current-platform.ts';
import { endTree } from './process/end-tree.ts';
import { Marks } from './process/mark.ts';
import { OutputPipes } from './process/output-pipes.ts';
import type { Platform } from './process/platform.ts';
import { startWatcher, type Watcher } from './process/watcher.ts';
import { BlobPieces } from './session/blob-pieces.ts';
import { masterUrl } from './session/master-url.ts';
import { Session, type SessionState } from './session/session.ts';
import { Spool } from './spool/spool.ts';

/** One gibibyte: a quarter of an hour of a very talkative build without any master. */
export const DEFAULT_SPOOL_BYTES = 1024 ** 3;

const LEFTOVER_GRACE_MS = 5000;

export interface WorkerOptions {
  /** Folder of this worker's own: builds, spool, temporary files. Made if missing; one worker at a time. */
  basedir: string;
  name: string;
  password: string;
  /** Addresses of masters: `ws://host:port`, `wss://…`, `ws+unix:/path`. */
  masters: readonly string[];
  info?: Partial<WorkerInfo>;
  /** Bytes of the spool on disk. */
  spoolBytes?: number;
  /** The environment the worker runs in, and the names of which commands may see (`LC_*` for all with that beginning). */
  environment: Readonly<Record<string, string | undefined>>;
  allowedEnvironment?: readonly string[];
  /** Calendar and load rules; none unless given. */
  availability?: WorkerAvailability;
  /** Whether control groups hold the commands where the system lets the worker make some; they do unless it is `false`. */
  controlGroups?: boolean;
  log?: WorkerLog;
  clock?: WorkerClock;
  random?: () => number;
  failPoint?: FailPoint;
}

export interface WorkerHandle {
  readonly state: SessionState;
  /** What holds the processes of a command together, for people. */
  readonly hold: string;
  /** Tell `listener` of every change of the connection's state. Returns the way to stop it. */
  onState(listener: (state: SessionState) => void): () => void;
  /**
   * Take no new builds; resolves when none is left here, and then it is for the caller to `stop`. `onWait` is told what
   * is waited for.
   */
  drain(onWait: (waitsFor: string) => void): Promise<void>;
  /** Ends all commands and their processes, tells the master if it is there, closes. Twice is harmless. */
  stop(): Promise<void>;
}

function infoOf(info: Partial<WorkerInfo>): WorkerInfo {
  return {
    admin: null,
    host: null,
    accessUri: null,
    version: null,
    system: `${process.platform} ${process.arch}`,
    cpus: availableParallelism(),
    ...info,
  };
}

async function choosePlatform({ controlGroups = true }: WorkerOptions, marks: Marks): Promise<Platform> {
  const name = process.platform;
  return controlGroups ? await platformOf(marks.worker, name) : platformFor(name);
}

/** End what an earlier process of this worker left behind when it was killed. */
async function endLeftovers(
  platform: Platform,
  marks: Marks,
  clock: WorkerClock,
  log: WorkerLog,
): Promise<void> {
  const processes = platform.leftovers(marks.worker);
  const count = processes.members().length;
  if (count > 0) log.warn(`ending ${count} processes that an earlier run of this worker left behind`);
  await endTree({ platform, clock, processes, graceMs: LEFTOVER_GRACE_MS });
  processes.forget();
}

/** Should this process be killed, what it started must not go on for ever, nor wait for the next start. */
function watchOver(platform: Platform, folders: Folders, options: WorkerOptions, log: WorkerLog): Watcher {
  if (!platform.seesLeftovers) return { farewell: () => undefined };
  return startWatcher({
    basedir: folders.real,
    tmpFolder: folders.tmpFolder,
    groupFolder: platform.groupFolder,
    environment: options.environment,
    onTrouble: (reason) => log.warn(`should this worker be killed, nobody will end its commands: ${reason}`),
  });
}

function makeSpool({ spoolFolder }: Folders, options: WorkerOptions, log: WorkerLog): Spool {
  const { spoolBytes = DEFAULT_SPOOL_BYTES, failPoint = noFailPoint } = options;
  return new Spool({
    ...{ folder: spoolFolder, limitBytes: spoolBytes, failPoint },
    onDiskTrouble: (reason) => {
      if (reason === null) log.info('the spool can be written again');
      else log.warn(`the spool cannot be written, output waits for the master: ${reason}`);
    },
  });
}

function watchAvailability(
  { real }: Folders,
  { availability = { calendar: [] } }: WorkerOptions,
  { clock, log }: { clock: WorkerClock; log: WorkerLog },
): AvailabilityWatch {
  return new AvailabilityWatch({
    ...{ basedir: real, clock, rules: availability },
    loadAverage: () => (loadavg()[0] ?? 0) / availableParallelism(),
    onTrouble: (error) => log.warn(messageOf(error)),
  });
}

type Folders = ReturnType<typeof makeFolders>;

function makeFolders(basedir: string) {
  mkdirSync(basedir, { recursive: true, mode: 0o700 });
  const real = realpathSync(basedir);
  const buildsFolder = join(real, 'builds');
  const tmpFolder = join(real, 'tmp');
  rmSync(tmpFolder, { recursive: true, force: true });
  mkdirSync(buildsFolder, { recursive: true });
  mkdirSync(tmpFolder, { mode: 0o700 });
  return {
    real,
    buildsFolder,
    tmpFolder,
    spoolFolder: join(real, 'spool'),
    pipesFolder: join(tmpFolder, 'pipes'),
  };
}

/** The states of a session, for any number of listeners. */
class StateBoard {
  #state: SessionState = { kind: 'waiting', reason: 'starting', delayMs: 0 };
  readonly #listeners = new Set<(state: SessionState) => void>();

  get state(): SessionState {
    return this.#state;
  }

  readonly set = (state: SessionState): void => {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  };

  readonly on = (listener: (state: SessionState) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

/**
 * Start a worker in this process. Resolves when it runs, connected or not. It handles no signals and never exits the
 * process. Throws `UserError` for options that cannot work.
 */
export async function startWorker(options: WorkerOptions): Promise<WorkerHandle> {
  const { log = silentLog, clock = systemClock, random = Math.random, failPoint = noFailPoint } = options;
  const masters = options.masters.map(masterUrl);
  const folders = makeFolders(options.basedir);
  const marks = new Marks(folders.real);
  const platform = await choosePlatform(options, marks);
  log.info(`commands are held together by ${platform.hold}`);
  // The watcher of the process before keeps its hands off from here on. Should this one be killed while it sweeps, its
  // own watcher goes on with that.
  const watcher = watchOver(platform, folders, options, log);
  failPoint('before-sweep');
  await endLeftovers(platform, marks, clock, log);
  failPoint('after-sweep');

  const board = new StateBoard();
  const blobs = new BlobPieces();
  const spool = makeSpool(folders, options, log);
  const execDeps: ExecDeps = {
    platform,
    marks,
    spool,
    clock,
    log,
    failPoint,
    pipes: new OutputPipes(folders.pipesFolder),
    fetchPiece: blobs.fetch,
    buildsFolder: folders.buildsFolder,
    tmpFolder: folders.tmpFolder,
    environment: options.environment,
    allowedEnvironment: options.allowedEnvironment ?? DEFAULT_ALLOWED,
  };
  const commands = new CommandTable({ spool, run: (order) => runCommand(execDeps, order) });
  const availability = watchAvailability(folders, options, { clock, log });
  const session = new Session({
    ...{ clock, random, log, spool, commands, blobs, masters },
    name: options.name,
    password: options.password,
    newBootId: () => randomBytes(16).toString('hex'),
    info: infoOf(options.info ?? {}),
    availability: () => availability.state,
    onState: board.set,
  });
  availability.start(() => session.announceAvailability());
  session.start();
  let stopped: Promise<void> | null = null;
  return {
    get state() {
      return board.state;
    },
    hold: platform.hold,
    onState: board.on,
    drain: (onWait) => session.drain(onWait),
    stop: () => {
      availability.stop();
      stopped ??= session.stop().then(() => {
        platform.close();
        watcher.farewell();
      });
      return stopped;
    },
  };
}
