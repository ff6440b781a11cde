/** Linux: process groups, and a sweep over /proc for marks and descendants. */
import { FILE_SIZE_BLOCK, MARK_VARIABLE, type Mark, type WorkerMark } from './mark.ts';
import type { Platform, ProcessTree } from './platform.ts';
import { environmentValue, fileSizeLimit, type ProcEntry, readEntry, readTable } from './proc-table.ts';
import { signalAll } from './signal-all.ts';

/** Sets the limit that is the second mark and becomes the program. Without the right to set it, it goes on without. */
const MARK_SCRIPT = 'ulimit -S -f "$0" 2>/dev/null; exec "$@"';

function carries(pid: number, mark: Mark): boolean {
  if (environmentValue(pid, MARK_VARIABLE)?.split(':').includes(mark.token)) return true;
  return fileSizeLimit(pid) === mark.fileSizeBlocks * FILE_SIZE_BLOCK;
}

function carriesWorker(pid: number, { tokenPrefix, fromBlocks, toBlocks }: WorkerMark): boolean {
  const tokens = environmentValue(pid, MARK_VARIABLE)?.split(':') ?? [];
  if (tokens.some((token) => token.startsWith(tokenPrefix))) return true;
  const blocks = (fileSizeLimit(pid) ?? 0) / FILE_SIZE_BLOCK;
  return blocks >= fromBlocks && blocks < toBlocks;
}

/** Close `found` over parent and child: whoever descends from a member is one. */
function withDescendants(table: readonly ProcEntry[], found: Set<number>): Set<number> {
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const entry of table) if (found.has(entry.parent)) found.add(entry.pid);
  }
  return found;
}

function findMembers({ rootPid, rootStart, mark }: ProcessTree): number[] {
  const table = readTable();
  const own = table.find((entry) => entry.pid === process.pid);
  // After the root was reaped its number may come back as a stranger; then group and session prove nothing.
  const isReused =
    rootStart !== null && table.some((entry) => entry.pid === rootPid && entry.start !== rootStart);
  const inGroup = (entry: ProcEntry) => !isReused && (entry.group === rootPid || entry.session === rootPid);
  const young = table.filter((entry) => entry.start >= (rootStart ?? own?.start ?? 0));
  const found = new Set(
    young.filter((entry) => inGroup(entry) || carries(entry.pid, mark)).map(({ pid }) => pid),
  );
  return living(young, withDescendants(young, found));
}

function living(table: readonly ProcEntry[], found: ReadonlySet<number>): number[] {
  return table
    .filter(({ pid, isZombie }) => found.has(pid) && !isZombie && pid !== process.pid)
    .map(({ pid }) => pid);
}

function findLeftovers(worker: WorkerMark): number[] {
  const table = readTable();
  const found = new Set(table.filter(({ pid }) => carriesWorker(pid, worker)).map(({ pid }) => pid));
  return living(table, found);
}

function startOfLiving(pid: number): number | null {
  const entry = readEntry(pid);
  return entry === null || entry.isZombie ? null : entry.start;
}

export const linux: Platform = {
  marked: (argv, mark) => ['/bin/sh', '-c', MARK_SCRIPT, String(mark.fileSizeBlocks), ...argv],
  startOf: startOfLiving,
  members: findMembers,
  seesLeftovers: true,
  leftovers: findLeftovers,
  signal: signalAll,
};
