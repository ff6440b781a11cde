/**
 * From the start of a process to the end of everything it started.
 *
 * The story that breaks the naive version: the main process ends, but a grandchild that it left in the background holds
 * the pipe, so "read until the end" never ends. So after the main process the output is read on only while it flows, for
 * a bounded time; then whoever is left is ended, and what they wrote until then is still read.
 */
import { join } from 'node:path';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import type { CommandOutcome, ExecCommand } from '@buildbot/shared';
import { endTree } from '../process/end-tree.ts';
import type { Exit, StartedProcess, StartResult } from '../process/start-process.ts';
import { Capture } from './capture.ts';
import type { ExecDeps } from './exec.ts';
import { FollowedFile } from './follow-file.ts';
import { isDiskFull } from './full-disk.ts';
import { Limits } from './limits.ts';
import type { Order } from './order.ts';
import { type EndCause, exited, failed } from './outcome.ts';
import { OutputLog } from './output-log.ts';
import { OutputReader } from './output-reader.ts';

/** After the main process: read on until nothing came for so long … */
const DRAIN_QUIET_MS = 2000;
/** … but not longer than this in all. */
const DRAIN_MS = 10_000;
/** After the last process was ended: what is in the pipe is read at once; a pipe still open then is given up. */
const LAST_QUIET_MS = 1000;
const LOOK_MS = 50;
/** What outlived its command gets less time than the command itself. */
const STRAY_GRACE_MS = 2000;

export interface SuperviseInput {
  /** Monotonic time when the command began. */
  begin: number;
  buildFolder: string;
  start: () => Promise<StartResult>;
}

interface Outputs {
  logs: OutputLog[];
  files: FollowedFile[];
  capture: Capture | null;
  reader: OutputReader;
}

function readOutput(deps: ExecDeps, { key, command }: Order<ExecCommand>, process: StartedProcess) {
  const capture = command.output === 'capture' ? new Capture() : null;
  const stdio = new OutputLog({ spool: deps.spool, key, log: 'stdio' });
  const reader = new OutputReader({
    pipes: [
      ['o', process.stdout],
      ['e', process.stderr],
    ],
    spool: deps.spool,
    clock: deps.clock,
    write: (stream, bytes) => {
      if (capture === null) stdio.write(stream, bytes);
      else if (stream === 'o') capture.write(bytes);
    },
  });
  return { capture, reader, logs: [stdio] };
}

/** The files note what they held before, so this comes before the process starts; they need the reader only later. */
async function followFiles(deps: ExecDeps, { key, command }: Order<ExecCommand>, input: SuperviseInput) {
  const logs: OutputLog[] = [];
  const grown: { tell: () => void } = { tell: () => undefined };
  const files = command.logfiles.map((followed) => {
    const log = new OutputLog({ spool: deps.spool, key, log: followed.log });
    logs.push(log);
    return new FollowedFile({
      path: join(input.buildFolder, followed.path),
      write: (bytes) => log.write('o', bytes),
      spool: deps.spool,
      onGrowth: () => grown.tell(),
    });
  });
  for (const file of files) await file.start();
  return { logs, files, grown };
}

/**
 * Wait for the end of the output, for `quietMs` without any, for `DRAIN_MS` in all, or until `isCut`. The silence counts
 * from now on: a program that was quiet for an hour and says its last words as it ends is often known to have ended
 * before those words are read.
 */
async function drain(
  deps: ExecDeps,
  reader: OutputReader,
  quietMs: number,
  isCut: () => boolean = () => false,
): Promise<void> {
  reader.touch();
  let left = DRAIN_MS;
  let before = deps.clock.monotonic();
  while (!reader.isAtEnd && left > 0 && reader.quietMs < quietMs && !isCut()) {
    await Promise.race([reader.end, delay(LOOK_MS)]);
    if (reader.quietMs >= quietMs) reader.catchUp();
    const now = deps.clock.monotonic();
    // While the spool has no room nothing can be read; that time does not count.
    if (reader.quietMs > 0 || deps.spool.hasRoom) left -= now - before;
    before = now;
  }
}

/** End what outlived the main process; answers how many there were. */
async function endStrays(deps: ExecDeps, process: StartedProcess, graceMs: number): Promise<number> {
  const { asked, left } = await endTree({
    platform: deps.platform,
    clock: deps.clock,
    processes: process.processes,
    graceMs: Math.min(graceMs, STRAY_GRACE_MS),
  });
  if (left.length > 0) deps.log.warn(`processes ${left.join(', ')} do not end, not even when killed`);
  return asked.length;
}

/** Wait for the main process; if a limit comes first, end the whole tree. */
async function waitForEnd(
  deps: ExecDeps,
  process: StartedProcess,
  limits: Limits,
  graceMs: number,
): Promise<EndCause> {
  let hasExited = false;
  const exit = process.exit.then((): EndCause => {
    hasExited = true;
    return null;
  });
  const cause = await Promise.race([exit, limits.exceeded]);
  // A process of ours that was held up hears of its timers first, and of what had happened before them a turn later.
  await setImmediate();
  if (cause === null || hasExited) return null;
  const { platform, clock } = deps;
  await endTree({ platform, clock, processes: process.processes, graceMs });
  return cause;
}

async function finishOutput({ files, logs }: Pick<Outputs, 'files' | 'logs'>): Promise<void> {
  for (const file of files) await file.finish();
  for (const log of logs) log.flush();
}

function describe({ code, signal }: Exit): string {
  return `the program ended with ${code === null ? `signal ${signal}` : `code ${code}`}`;
}

async function superviseStarted(
  deps: ExecDeps,
  order: Order<ExecCommand>,
  process: StartedProcess,
  { begin, buildFolder, outputs }: Omit<SuperviseInput, 'start'> & { outputs: Outputs },
): Promise<CommandOutcome> {
  const { command, signal } = order;
  const { reader, capture, files } = outputs;
  const limits = new Limits({
    timeoutMs: command.timeoutMs,
    maxTimeMs: command.maxTimeMs,
    signal,
    quietMs: () => reader.quietMs,
    catchUp: async () => {
      reader.catchUp();
      for (const file of files) await file.look();
    },
  });
  const cause = await waitForEnd(deps, process, limits, command.graceMs);
  const exit = await process.exit;
  // Asked at once: whatever tidies up after the program may make space.
  const isFull = exit.code !== 0 && cause === null && (await isDiskFull(buildFolder));
  // Without room for more output nobody but those who may write some is worth waiting for.
  const isIdle = () => reader.isPaused && process.processes.members().length === 0;
  if (cause === null) await drain(deps, reader, DRAIN_QUIET_MS, () => limits.cause !== null || isIdle());
  limits.clear();
  const strays = await endStrays(deps, process, command.graceMs);
  await drain(deps, reader, LAST_QUIET_MS, isIdle);
  // At most what a pipe holds, and the spool takes it also when it has no room.
  reader.takeRest();
  process.release(reader.isAtEnd);
  await finishOutput(outputs);
  if (isFull) return failed(`the disk of the worker is full: ${describe(exit)}`, true);
  deps.failPoint('before-ended');
  const durationMs = deps.clock.monotonic() - begin;
  return exited({ ...exit, cause, durationMs, strays, text: capture?.text() ?? null });
}

export async function supervise(
  deps: ExecDeps,
  order: Order<ExecCommand>,
  input: SuperviseInput,
): Promise<CommandOutcome> {
  const followed = await followFiles(deps, order, input);
  const result = await input.start();
  if ('problem' in result) {
    await finishOutput(followed);
    return failed(
      `cannot start the program: ${result.problem}`,
      /E(AGAIN|MFILE|NFILE|NOMEM)/.test(result.problem),
    );
  }
  order.started();
  const { capture, reader, logs } = readOutput(deps, order, result.started);
  followed.grown.tell = () => reader.touch();
  const outputs = { capture, reader, logs: [...logs, ...followed.logs], files: followed.files };
  const { begin, buildFolder } = input;
  return superviseStarted(deps, order, result.started, { begin, buildFolder, outputs });
}
