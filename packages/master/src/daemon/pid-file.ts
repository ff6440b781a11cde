/**
 * One daemon per base directory: a file with the process id and the moment that process began, so that a number which
 * the system has since given to somebody else is never mistaken for ours.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/**
 * When the process began, as the kernel says: field 22 of /proc/PID/stat (clock ticks since boot), `''` where there is no
 * /proc; `null` when there is no such process.
 */
export function processStart(pid: number): string | null {
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

/** The id of the daemon that runs here, `null` when none does. */
export async function runningPid(path: string): Promise<number | null> {
  return livingPid(await readFile(path, 'utf8').catch(() => ''));
}

/** The id of the process that these words of a file name, as long as it runs. */
export function livingPid(text: string): number | null {
  const [pid = '', started = ''] = text.trim().split(' ');
  return /^\d+$/.test(pid) && processStart(Number(pid)) === started ? Number(pid) : null;
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
