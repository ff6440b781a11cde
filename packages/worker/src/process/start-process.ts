/** Start a program as the leader of its own session, with its mark and with real pipes for its output. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { messageOf } from '@buildbot/shared';
import type { Environment } from '../core/clean-environment.ts';
import type { FailPoint } from '../fail-point.ts';
import { MARK_VARIABLE, type Mark } from './mark.ts';
import type { OutputPipe, OutputPipes } from './output-pipes.ts';
import type { CommandProcesses, Platform, ProcessSet } from './platform.ts';

export interface Program {
  argv: readonly string[];
  folder: string;
  environment: Environment;
  /** File that becomes the standard input; `null` for none. */
  stdinFile: string | null;
}

export interface Exit {
  code: number | null;
  signal: string | null;
}

export interface StartedProcess {
  processes: ProcessSet;
  stdout: OutputPipe;
  stderr: OutputPipe;
  /** Resolves when the main process has ended; others of the tree may still run and write. */
  exit: Promise<Exit>;
  /** All of them have ended; the output was read to its end, or given up. */
  release(isAtEnd: boolean): void;
}

export type StartResult = { started: StartedProcess } | { problem: string };

export interface StartDeps {
  platform: Platform;
  pipes: OutputPipes;
  mark: Mark;
  failPoint: FailPoint;
}

/** The token goes behind those of an outer worker whose build runs this one. */
function withMark(environment: Environment, mark: Mark): Environment {
  const outer = environment[MARK_VARIABLE];
  return { ...environment, [MARK_VARIABLE]: outer === undefined ? mark.token : `${outer}:${mark.token}` };
}

interface SpawnInput {
  processes: CommandProcesses;
  mark: Mark;
  program: Program;
  stdio: (number | 'ignore')[];
}

function spawnMarked({ processes, mark, program, stdio }: SpawnInput): ChildProcess {
  const [file = '', ...args] = processes.marked(program.argv);
  const child = spawn(file, args, {
    cwd: program.folder,
    env: withMark(program.environment, mark),
    detached: true,
    stdio,
  });
  if (child.pid !== undefined) processes.begun(child.pid);
  return child;
}

/** `spawn` tells most failures by an event, on the next turn of the loop. */
function untilSpawned(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    child.once('spawn', () => resolve(null));
    child.once('error', (error) => resolve(messageOf(error)));
  });
}

function giveUp(outputs: readonly OutputPipe[], processes: ProcessSet): void {
  for (const output of outputs) {
    output.handedOver();
    output.done(false);
  }
  processes.forget();
}

/** Resolves once the program runs, or with the reason why it cannot. */
export async function startProcess(deps: StartDeps, program: Program): Promise<StartResult> {
  const stdin = program.stdinFile === null ? 'ignore' : openSync(program.stdinFile, 'r');
  const outputs = [await deps.pipes.open(), await deps.pipes.open()] as const;
  const { mark } = deps;
  const processes = deps.platform.prepare(mark);
  let child: ChildProcess;
  try {
    const [stdout, stderr] = outputs;
    const output = [stdout.writeEnd, stderr.writeEnd];
    deps.failPoint('before-spawn');
    child = spawnMarked({ processes, mark, program, stdio: [stdin, ...output] });
    deps.failPoint('after-spawn');
  } catch (error) {
    giveUp(outputs, processes);
    return { problem: messageOf(error) };
  } finally {
    if (stdin !== 'ignore') closeSync(stdin);
  }
  const exit = new Promise<Exit>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  );
  const problem = await untilSpawned(child);
  if (problem !== null) {
    giveUp(outputs, processes);
    return { problem };
  }
  for (const output of outputs) output.handedOver();
  return {
    started: {
      processes,
      stdout: outputs[0],
      stderr: outputs[1],
      exit,
      release: (isAtEnd) => {
        for (const output of outputs) output.done(isAtEnd);
        processes.forget();
      },
    },
  };
}
