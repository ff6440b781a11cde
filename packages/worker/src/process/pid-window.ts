/**
 * Which process ids were given since a process was started. Linux gives them in order and begins anew at the top, so they
 * are those from that process to the newest: as long as the numbers have not gone round once meanwhile.
 */
import { readFileSync } from 'node:fs';

/** Ids below it are not given a second time. */
const RESERVED = 300;
/** Numbers in use that are stepped over, for each thread: itself, its group and its session when their leaders are gone. */
const IN_USE_PER_THREAD = 4;

/** What Linux counts. */
export interface ProcCounts {
  /** Forks since boot. */
  forks: number;
  /** Threads that there are. */
  threads: number;
  /** The newest process id. */
  lastPid: number;
  pidMax: number;
}

/** `null` where /proc does not say. */
export function readCounts(): ProcCounts | null {
  try {
    const forks = /^processes (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1];
    const load = /\d+\/(\d+) (\d+)$/.exec(readFileSync('/proc/loadavg', 'latin1').trim());
    const pidMax = readFileSync('/proc/sys/kernel/pid_max', 'latin1');
    if (forks === undefined || load === null) return null;
    return {
      forks: Number(forks),
      threads: Number(load[1]),
      lastPid: Number(load[2]),
      pidMax: Number(pidMax),
    };
  } catch {
    return null;
  }
}

/** Whether a process with this id may be `root` or younger. Everyone may be, where the counts do not tell. */
export function sinceRoot(
  root: number,
  before: ProcCounts | null,
  now: ProcCounts | null,
): (pid: number) => boolean {
  if (before === null || now === null) return () => true;
  const inUse = IN_USE_PER_THREAD * (before.threads + now.threads);
  const isOneRound = now.forks - before.forks + inUse < Math.min(before.pidMax, now.pidMax) - RESERVED;
  if (!isOneRound) return () => true;
  const { lastPid } = now;
  return root <= lastPid ? (pid) => pid >= root && pid <= lastPid : (pid) => pid >= root || pid <= lastPid;
}
