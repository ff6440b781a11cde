/**
 * One worker per BASEDIR: a file with the process id and the moment that process began, so that a number which the
 * system has since given to somebody else is never mistaken for ours.
 */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '@buildbot/shared/errors';
import { platformFor } from '../process/current-platform.ts';

const LOOK_MS = 25;

export function pidFile(basedir: string): string {
  return join(basedir, 'worker.pid');
}

/** The id of the worker that runs in `basedir`, `null` when none does. */
export function runningPid(basedir: string): number | null {
  let text: string;
  try {
    text = readFileSync(pidFile(basedir), 'utf8');
  } catch {
    return null;
  }
  const [pid, start] = text.trim().split(' ').map(Number);
  if (pid === undefined || start === undefined || !Number.isInteger(pid) || pid <= 0) return null;
  return platformFor(process.platform).startOf(pid) === start ? pid : null;
}

/** Take `basedir` for this process, or throw `UserError` when a worker runs there. Returns the way to give it up. */
export function acquirePidFile(basedir: string): () => void {
  const path = pidFile(basedir);
  const running = runningPid(basedir);
  if (running === null) rmSync(path, { force: true });
  const own = `${path}.${process.pid}`;
  writeFileSync(own, `${process.pid} ${platformFor(process.platform).startOf(process.pid) ?? 0}\n`);
  try {
    // Linked into place whole: whoever reads the file never sees half of it, and of two starters one fails here.
    linkSync(own, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new UserError(`a worker runs in ${basedir} already (pid ${runningPid(basedir) ?? 'unknown'})`, {
      hint: `stop it first: buildbot-worker stop ${basedir}`,
    });
  } finally {
    rmSync(own, { force: true });
  }
  return () => rmSync(path, { force: true });
}

/** Wait until the process is really gone, not only its file; `false` when it is still there after `timeoutMs`. */
export async function waitForExit(pid: number, timeoutMs: number): Promise<boolean> {
  const { startOf } = platformFor(process.platform);
  const start = startOf(pid);
  for (let left = timeoutMs; start !== null && startOf(pid) === start; left -= LOOK_MS) {
    if (left <= 0) return false;
    await delay(LOOK_MS);
  }
  return true;
}
