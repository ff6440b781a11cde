/** Start a program as the leader of its own session, with its mark and with real pipes for its output. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { messageOf } from '@buildbot/shared';
import type { Environment } from '../core/clean-environment.ts';
import { MARK_VARIABLE, type Mark } from './mark.ts';
import type { OutputPipe, OutputPipes } from './output-pipes.ts';
import type { Platform, ProcessTree } from './platform.ts';

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
  tree: ProcessTree;
  stdout: OutputPipe;
  stderr: OutputPipe;
  /** Resolves when the main process has ended; others of the tree may still run and write. */
  exit: Promise<Exit>;
  /** The output was read to its end, or given up. */
  release(isAtEnd: boolean): void;
}

export type StartResult = { started: StartedProcess } | { problem: string };

export interface StartDeps {
  platform: Platform;
  pipes: OutputPipes;
  mark: Mark;
}

/** The token goes behind those of an outer worker whose build runs this one. */
function withMark(environment: Environment, mark: Mark): Environment {
  const outer = environment[MARK_VARIABLE];
  return { ...environment, [MARK_VARIABLE]: outer === undefined ? mark.token : `${outer}:${mark.token}` };
}

function spawnMarked(
  { platform, mark }: StartDeps,
  program: Program,
  stdin: number | 'ignore',
  fds: number[],
) {
  const [file = '', ...args] = platform.marked(program.argv, mark);
  return spawn(file, args, {
    cwd: program.folder,
    env: withMark(program.environment, mark),
    detached: true,
    stdio: [stdin, ...fds],
  });
}

/** `spawn` tells most failures by an event, on the next turn of the loop. */
function untilSpawned(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    child.once('spawn', () => resolve(null));
    child.once('error', (error) => resolve(messageOf(error)));
  });
}

function giveUp(outputs: readonly OutputPipe[]): void {
  for (const output of outputs) {
    output.handedOver();
    output.done(false);
  }
}

/** Resolves once the program runs, or with the reason why it cannot. */
export async function startProcess(deps: StartDeps, program: Program): Promise<StartResult> {
  const stdin = program.stdinFile === null ? 'ignore' : openSync(program.stdinFile, 'r');
  const outputs = [await deps.pipes.open(), await deps.pipes.open()] as const;
  let child: ChildProcess;
  try {
    child = spawnMarked(
      deps,
      program,
      stdin,
      outputs.map((output) => output.writeEnd),
    );
  } catch (error) {
    giveUp(outputs);
    return { problem: messageOf(error) };
  } finally {
    if (stdin !== 'ignore') closeSync(stdin);
  }
  const rootPid = child.pid ?? 0;
  const rootStart = deps.platform.startOf(rootPid);
  const exit = new Promise<Exit>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  );
  const problem = await untilSpawned(child);
  if (problem !== null) {
    giveUp(outputs);
    return { problem };
  }
  for (const output of outputs) output.handedOver();
  return {
    started: {
      tree: { rootPid, rootStart, mark: deps.mark },
      stdout: outputs[0],
      stderr: outputs[1],
      exit,
      release: (isAtEnd) => {
        for (const output of outputs) output.done(isAtEnd);
      },
    },
  };
}
