/**
 * Systems without /proc (macOS, the BSDs): the process group is all there is, so what leaves its session escapes.
 * Linux has the sweep that finds those as well.
 */
import type { CommandProcesses, Platform, ProcessSet } from './platform.ts';
import { signalAll } from './signal-all.ts';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const NOBODY: ProcessSet = { members: () => [], kill: () => undefined, forget: () => undefined };

function processGroup(): CommandProcesses {
  let rootPid: number | null = null;
  const members = () => (rootPid !== null && isAlive(-rootPid) ? [-rootPid] : []);
  return {
    marked: (argv) => [...argv],
    begun: (pid) => {
      rootPid = pid;
    },
    members,
    kill: () => signalAll(members(), 'SIGKILL'),
    forget: () => undefined,
  };
}

export const posix: Platform = {
  hold: 'process groups',
  groupFolder: null,
  prepare: processGroup,
  startOf: (pid) => (isAlive(pid) ? 0 : null),
  seesLeftovers: false,
  leftovers: () => NOBODY,
  signal: signalAll,
  close: () => undefined,
};
