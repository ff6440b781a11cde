/**
 * One daemon per base directory: a file with the process id and the moment that process began, so that a number which
 * the system has since given to somebody else is never mistaken for ours.
 */
import { readFileSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { UserError } from '@buildbot/shared/errors';

interface Entry {
  pid: number;
  /** Field 22 of /proc/PID/stat (clock ticks since boot), or `''` where there is no /proc. */
  started: string;
}

/** When the process began, as the kernel says; `null` when there is no such process. */
function processStart(pid: number): string | null {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return null;
  }
  try {
    // The second field is the program's name in parentheses and may hold anything: count from the last one.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended: only its parent has not looked yet.
    return fields[0] === 'Z' ? null : (fields[19] ?? '');
  } catch {
    return '';
  }
}

async function readEntry(path: string): Promise<Entry | null> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const [pid, started = ''] = text.trim().split(' ');
  return pid !== undefined && /^\d+$/.test(pid) ? { pid: Number(pid), started } : null;
}

/** The id of the daemon that runs here, `null` when none does. */
export async function runningPid(path: string): Promise<number | null> {
  const entry = await readEntry(path);
  return entry !== null && processStart(entry.pid) === entry.started ? entry.pid : null;
}

/** Take the place for this process; a `UserError` when another daemon has it. Returns the way to give it up. */
export async function acquirePidFile(path: string): Promise<() => Promise<void>> {
  const running = await runningPid(path);
  if (running !== null) {
    throw new UserError(`already running with pid ${running} (${path})`, {
      hint: 'stop it first, or use restart',
    });
  }
  await rm(path, { force: true });
  // `wx` decides between two that start at the same moment.
  const file = await open(path, 'wx', 0o644);
  await file.writeFile(`${process.pid} ${processStart(process.pid) ?? ''}\n`);
  await file.close();
  return () => rm(path, { force: true });
}

/** Wait until the process is gone. `false` when it is still there after `timeoutMs`. */
export async function waitForExit(path: string, pid: number, timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  while ((await runningPid(path)) === pid) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return true;
}
