/**
 * Systems without /proc (macOS, the BSDs): the process group is all there is, so what leaves its session escapes.
 * Linux has the sweep that finds those as well.
 */
import type { Platform } from './platform.ts';
import { signalAll } from './signal-all.ts';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export const posix: Platform = {
  marked: (argv) => [...argv],
  startOf: (pid) => (isAlive(pid) ? 0 : null),
  members: ({ rootPid }) => (isAlive(-rootPid) ? [-rootPid] : []),
  seesLeftovers: false,
  leftovers: () => [],
  signal: signalAll,
};
