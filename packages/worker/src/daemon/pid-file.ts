/**
 * One worker per BASEDIR: a file with the process id and the moment that process began, so that a number which the
 * system has since given to somebody else is never mistaken for ours.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { platformFor } from '../process/current-platform.ts';

const LOOK_MS = 25;

export function pidFile(basedir: string): string {
  return join(basedir, 'worker.pid');
}

/** The id of the worker that runs in `basedir`, `null` when none does. */
export function runningPid(basedir: string): number | null {
  try {
    return livingPid(readFileSync(pidFile(basedir), 'utf8'));
  } catch {
    return null;
  }
}

/** The id of the process that these words of a file name, as long as it runs. */
export function livingPid(text: string): number | null {
  const [pid, start] = text.trim().split(' ').map(Number);
  if (pid === undefined || start === undefined || !Number.isInteger(pid) || pid <= 0) return null;
  return platformFor(process.platform).startOf(pid) === start ? pid : null;
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
