/** The command `exec`: run a program with clean surroundings, send its output, leave nothing behind. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandOutcome, ExecCommand } from '@buildbot/shared';
import { cleanEnvironment, type Environment, environmentProblem } from '../core/clean-environment.ts';
import type { FailPoint } from '../fail-point.ts';
import type { WorkerLog } from '../log.ts';
import { findProgram } from '../process/find-program.ts';
import { MARK_VARIABLE, type Marks } from '../process/mark.ts';
import type { OutputPipes } from '../process/output-pipes.ts';
import type { Platform } from '../process/platform.ts';
import { type Program, startProcess } from '../process/start-process.ts';
import type { Spool } from '../spool/spool.ts';
import { confine } from './confine.ts';
import { causeOf, type FileDeps, type Order } from './order.ts';
import { endedEarly, failed, failedBy } from './outcome.ts';
import { type FetchPiece, fetchStdin } from './stdin-file.ts';
import { supervise } from './supervise.ts';

export interface ExecDeps extends FileDeps {
  platform: Platform;
  marks: Marks;
  pipes: OutputPipes;
  spool: Spool;
  fetchPiece: FetchPiece;
  /** For standard input on its way. */
  tmpFolder: string;
  /** The worker's own environment and which of it a command may see. */
  environment: Readonly<Record<string, string | undefined>>;
  allowedEnvironment: readonly string[];
  log: WorkerLog;
  failPoint: FailPoint;
}

type Prepared = { program: Program; buildFolder: string } | { outcome: CommandOutcome };

function argvOf(command: ExecCommand['command']): string[] {
  return typeof command === 'string' ? ['/bin/sh', '-c', command] : command;
}

function environmentOf(deps: ExecDeps, command: ExecCommand): Environment {
  // The marks of an outer worker stay, so that its sweep finds what this worker starts.
  return cleanEnvironment(deps.environment, [...deps.allowedEnvironment, MARK_VARIABLE], command.env);
}

async function makeFolder(
  deps: ExecDeps,
  command: ExecCommand,
): Promise<{ path: string } | { problem: string }> {
  const folder = await confine(deps.buildsFolder, command.builddir, command.workdir);
  if ('path' in folder) await mkdir(folder.path, { recursive: true });
  return folder;
}

/** Everything that can be wrong before a process exists. */
async function prepare(deps: ExecDeps, { key, command, signal }: Order<ExecCommand>): Promise<Prepared> {
  const environment = environmentOf(deps, command);
  const folder = await makeFolder(deps, command);
  if ('problem' in folder) return { outcome: failed(folder.problem) };
  const problem = environmentProblem(environment);
  if (problem !== null) return { outcome: failed(problem) };
  const [name = '', ...args] = argvOf(command.command);
  if ([name, ...args].some((arg) => arg.includes('\0')))
    return { outcome: failed('an argument holds a NUL character') };
  const found = findProgram(name, environment.PATH ?? '', folder.path);
  if ('problem' in found) return { outcome: failed(found.problem) };
  const program = { argv: [found.path, ...args], folder: folder.path, environment, stdinFile: null };
  const buildFolder = join(deps.buildsFolder, command.builddir);
  if (command.stdin === null) return { program, buildFolder };
  const stdin = await fetchStdin({
    key,
    ref: command.stdin,
    folder: deps.tmpFolder,
    fetchPiece: deps.fetchPiece,
    signal,
  });
  if ('problem' in stdin) return { outcome: failed(stdin.problem, true) };
  return { program: { ...program, stdinFile: stdin.path }, buildFolder };
}

async function startAndSupervise(
  deps: ExecDeps,
  order: Order<ExecCommand>,
  begin: number,
  prepared: Prepared,
) {
  if ('outcome' in prepared) return prepared.outcome;
  const { program, buildFolder } = prepared;
  try {
    if (order.signal.aborted) return endedEarly(causeOf(order.signal), deps.clock.monotonic() - begin);
    const { platform, pipes, failPoint } = deps;
    const mark = deps.marks.next();
    return await supervise(deps, order, {
      begin,
      buildFolder,
      start: () => startProcess({ platform, pipes, mark, failPoint }, program),
    });
  } finally {
    if (program.stdinFile !== null) await rm(program.stdinFile, { force: true });
  }
}

export async function runExec(deps: ExecDeps, order: Order<ExecCommand>): Promise<CommandOutcome> {
  const begin = deps.clock.monotonic();
  try {
    return await startAndSupervise(deps, order, begin, await prepare(deps, order));
  } catch (error) {
    if (order.signal.aborted) return endedEarly(causeOf(order.signal), deps.clock.monotonic() - begin);
    return failedBy(`running ${JSON.stringify(argvOf(order.command.command)[0])}`, error);
  }
}
