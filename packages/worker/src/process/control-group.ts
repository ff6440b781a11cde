/**
 * One control group of version 2, by its folder. What it holds stays in it through fork, exec, setsid and changes of
 * environment and limits; a process leaves only by being written into another one. All of this is harmless for a group
 * that is not there.
 */
import { readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** Whether the kernel took it: files here refuse what the kernel is too old for, and are gone with their group. */
function wrote(path: string, text: string): boolean {
  try {
    writeFileSync(path, text);
    return true;
  } catch {
    return false;
  }
}

export function foldersIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  } catch {
    return [];
  }
}

/** Live processes of the group and of all below it: a build may run a worker. */
export function groupMembers(folder: string): number[] {
  // The usual case, told by one file for all that is below.
  if (!read(join(folder, 'cgroup.events')).includes('populated 1')) return [];
  const own = read(join(folder, 'cgroup.procs')).split('\n').map(Number);
  // A process outside of what this one can see has the number 0.
  return [...own.filter((pid) => pid > 0), ...foldersIn(folder).flatMap(groupMembers)];
}

/**
 * End them all at once, those that are just being forked among them. Linux before 5.14 cannot: there nobody in it moves
 * any more, and whoever asked ends them one by one.
 */
export function killGroup(folder: string): void {
  if (!wrote(join(folder, 'cgroup.kill'), '1')) wrote(join(folder, 'cgroup.freeze'), '1');
}

/** Remove the group and all below it, as far as they are empty. */
export function removeGroup(folder: string): void {
  for (const inner of foldersIn(folder)) removeGroup(inner);
  try {
    rmdirSync(folder);
  } catch {
    // Gone, or what is in it cannot be ended; the next start of the worker tries again.
  }
}
