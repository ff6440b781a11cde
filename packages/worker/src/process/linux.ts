/**
 * Linux: control groups where they may be made, and always a sweep over /proc for marks, process groups and descendants.
 * Either finds what leaves the other: a process that drops every mark stays in its control group, and one that is moved to
 * another group (a login by `su`, a container) keeps its marks.
 */
import { type CommandGroups, entryOf, openCommandGroups } from './command-groups.ts';
import { groupMembers, killGroup, removeGroup } from './control-group.ts';
import { FILE_SIZE_BLOCK, MARK_VARIABLE, type Mark, type WorkerMark } from './mark.ts';
import { type ProcCounts, readCounts, sinceRoot } from './pid-window.ts';
import type { CommandProcesses, Platform, ProcessSet } from './platform.ts';
import { environmentValue, fileSizeLimit, type ProcEntry, readEntry, readTable } from './proc-table.ts';
import { signalAll } from './signal-all.ts';

/**
 * Enters the control group, if there is one, sets the limit that is the second mark, and becomes the program. Without the
 * right to do so, it goes on without.
 */
const MARK_SCRIPT = `{ [ -z "$1" ] || echo 0 > "$1"; } 2>/dev/null; shift; ulimit -S -f "$0" 2>/dev/null; exec "$@"`;

/** The first process of a command. */
interface Root {
  pid: number;
  /** Tells it from a later process with the same number. */
  start: number | null;
  /** When it started. */
  counts: ProcCounts | null;
}

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

function living(table: readonly ProcEntry[], found: ReadonlySet<number>): number[] {
  return table
    .filter(({ pid, isZombie }) => found.has(pid) && !isZombie && pid !== process.pid)
    .map(({ pid }) => pid);
}

/**
 * Without control groups every process of the machine is looked at: it costs 3 ms of processor where there are 130, and
 * no sweep that may miss one is worth that. With them only what left its group is still to be found, and where that is
 * certain to be among the youngest processes, only those are looked at.
 */
function sweep({ pid: rootPid, start: rootStart, counts }: Root, mark: Mark, isHeld: boolean): number[] {
  const table = isHeld ? readTable(sinceRoot(rootPid, counts, readCounts())) : readTable();
  // After the root was reaped its number may come back as a stranger; then group and session prove nothing.
  const isReused =
    rootStart !== null && table.some((entry) => entry.pid === rootPid && entry.start !== rootStart);
  const inGroup = (entry: ProcEntry) => !isReused && (entry.group === rootPid || entry.session === rootPid);
  const oldest = rootStart ?? readEntry(process.pid)?.start ?? 0;
  const young = table.filter((entry) => entry.start >= oldest);
  const found = new Set(
    young.filter((entry) => inGroup(entry) || carries(entry.pid, mark)).map(({ pid }) => pid),
  );
  return living(young, withDescendants(young, found));
}

function together(held: readonly number[], swept: readonly number[]): number[] {
  return [...new Set([...held, ...swept])].filter((pid) => pid !== process.pid);
}

function commandProcesses(mark: Mark, folder: string | null): CommandProcesses {
  let root: Root | null = null;
  const members = () =>
    together(
      folder === null ? [] : groupMembers(folder),
      root === null ? [] : sweep(root, mark, folder !== null),
    );
  return {
    marked: (argv) => [
      ...['/bin/sh', '-c', MARK_SCRIPT, String(mark.fileSizeBlocks)],
      ...[folder === null ? '' : entryOf(folder), ...argv],
    ],
    begun: (pid) => {
      root = { pid, start: startOfLiving(pid), counts: folder === null ? null : readCounts() };
    },
    members,
    kill: () => {
      if (folder !== null) killGroup(folder);
      signalAll(members(), 'SIGKILL');
    },
    forget: () => {
      if (folder !== null) removeGroup(folder);
    },
  };
}

function sweepForWorker(worker: WorkerMark): number[] {
  const table = readTable();
  const found = new Set(table.filter(({ pid }) => carriesWorker(pid, worker)).map(({ pid }) => pid));
  return living(table, found);
}

/** What carries a mark of the worker, or is in one of these groups. */
export function leftoversIn(folders: readonly string[], worker: WorkerMark): ProcessSet {
  const members = () => together(folders.flatMap(groupMembers), sweepForWorker(worker));
  return {
    members,
    kill: () => {
      folders.forEach(killGroup);
      signalAll(members(), 'SIGKILL');
    },
    forget: () => folders.forEach(removeGroup),
  };
}

function startOfLiving(pid: number): number | null {
  const entry = readEntry(pid);
  return entry === null || entry.isZombie ? null : entry.start;
}

/** With these control groups, or with none. */
function linuxWith(groups: CommandGroups | null, hold: string): Platform {
  return {
    hold,
    groupFolder: groups?.folder ?? null,
    prepare: (mark) => commandProcesses(mark, groups?.make(mark.token) ?? null),
    startOf: startOfLiving,
    seesLeftovers: true,
    leftovers: (worker) => leftoversIn(groups?.leftovers() ?? [], worker),
    signal: signalAll,
    close: () => {
      if (groups !== null) removeGroup(groups.folder);
    },
  };
}

/** Without control groups: for looking at processes, and where there are none. */
export const linux = linuxWith(null, 'process groups and marks');

/** With control groups for the commands of this worker, if it may make some. */
export async function linuxWithGroups(worker: WorkerMark): Promise<Platform> {
  const opened = await openCommandGroups(worker);
  if ('problem' in opened)
    return linuxWith(null, `${linux.hold}, without control groups (${opened.problem})`);
  return linuxWith(opened.groups, `control groups in ${opened.groups.folder}`);
}
