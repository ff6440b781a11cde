/**
 * Somebody who outlives this process. A worker that is killed cannot end what it started, and nobody may start it again:
 * so one shell per worker waits at the end of a pipe, and when the pipe ends without a farewell, becomes the program
 * that sweeps. A shell waits in a megabyte; Node (40 MB) is only loaded when there is something to do.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '@buildbot/shared';
import { MARK_VARIABLE } from './mark.ts';

/** A worker that is asked to end does so itself, in order; signals to its whole group must not take this one along. */
const WATCH_SCRIPT = 'trap "" HUP INT TERM; read -r farewell && exit 0; exec "$@"';

/** Beside this file, whether it runs from source or compiled. */
const SWEEP = fileURLToPath(new URL(`./sweep${extname(import.meta.url)}`, import.meta.url));

export interface WatcherInput {
  /** Real path of the worker's BASEDIR: by it its processes are known. */
  basedir: string;
  /** Folder that every new process of this worker makes anew. */
  tmpFolder: string;
  /** Holds the control groups of this process's commands; `null` when there are none. */
  groupFolder: string | null;
  environment: Readonly<Record<string, string | undefined>>;
  /** Told when there is no watcher, and why. */
  onTrouble: (reason: string) => void;
}

export interface Watcher {
  /** All is in order: nothing is left to be ended. */
  farewell(): void;
}

export function startWatcher({
  basedir,
  tmpFolder,
  groupFolder,
  environment,
  onTrouble,
}: WatcherInput): Watcher {
  const guard = join(tmpFolder, `alive-${randomUUID()}`);
  writeFileSync(guard, '');
  const outer = environment[MARK_VARIABLE];
  const program = [process.execPath, SWEEP, basedir, guard, groupFolder ?? ''];
  const child = spawn('/bin/sh', ['-c', WATCH_SCRIPT, 'sh', ...program], {
    cwd: '/',
    env: outer === undefined ? {} : { [MARK_VARIABLE]: outer },
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.once('error', (error) => onTrouble(messageOf(error)));
  child.stdin.on('error', () => undefined);
  child.unref();
  return { farewell: () => void child.stdin.end('farewell\n') };
}
