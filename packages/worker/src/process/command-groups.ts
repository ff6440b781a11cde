/**
 * Control groups for commands: one folder for this process of the worker, in it one for each command. The name says whose
 * it is, so that what a killed worker has left is found; the random end tells one process of a worker from the next, so
 * that whoever ends the leftovers of one never touches the other.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '@buildbot/shared/errors';
import { type CgroupHome, cgroupHomes } from './cgroup-home.ts';
import { foldersIn, removeGroup } from './control-group.ts';
import type { WorkerMark } from './mark.ts';

const run = promisify(execFile);

const PREFIX = 'buildbot-worker-';

/** As a command does it; fails where the system does not let it. */
const ENTER_SCRIPT = 'echo 0 > "$0"';

export interface CommandGroups {
  /** Holds a group for each command of this process. */
  folder: string;
  /** Make a group; `null` when it cannot be made. Its folder is the result. */
  make(name: string): string | null;
  /** Groups that earlier processes of this worker left behind. */
  leftovers(): string[];
}

export type OpenedGroups = { groups: CommandGroups } | { problem: string };

/** Where to begin to write in order to put a process into the group. */
export function entryOf(folder: string): string {
  return join(folder, 'cgroup.procs');
}

function prefixOf(worker: WorkerMark): string {
  return `${PREFIX}${worker.tokenPrefix}`;
}

/** All that are named so, wherever an earlier process stood; never in the groups of other workers, which may be many. */
function groupsNamed(prefix: string, folder: string): string[] {
  return foldersIn(folder).flatMap((inner) => {
    if (basename(inner).startsWith(prefix)) return [inner];
    return basename(inner).startsWith(PREFIX) ? [] : groupsNamed(prefix, inner);
  });
}

function groupsAt(home: CgroupHome, worker: WorkerMark): CommandGroups {
  const prefix = prefixOf(worker);
  const folder = join(home.folder, `${prefix}${randomBytes(4).toString('hex')}`);
  mkdirSync(folder);
  return {
    folder,
    make: (name) => {
      const group = join(folder, name);
      try {
        mkdirSync(group);
        return group;
      } catch {
        return null;
      }
    },
    leftovers: () => {
      // A worker that runs in a build stands below a folder that the search from above does not enter.
      const found = new Set([...groupsNamed(prefix, home.mount), ...groupsNamed(prefix, home.folder)]);
      found.delete(folder);
      return [...found];
    },
  };
}

/** Make them and see that a process may really enter. */
async function tryHome(home: CgroupHome, worker: WorkerMark): Promise<CommandGroups> {
  const groups = groupsAt(home, worker);
  try {
    await run('/bin/sh', ['-c', ENTER_SCRIPT, entryOf(groups.folder)]);
    return groups;
  } catch (error) {
    removeGroup(groups.folder);
    throw error;
  }
}

/** Control groups for the commands of this worker, or why there are none. */
export async function openCommandGroups(worker: WorkerMark): Promise<OpenedGroups> {
  let problem = 'no hierarchy of version 2 is mounted';
  try {
    const homes = cgroupHomes(
      readFileSync('/proc/self/mountinfo', 'utf8'),
      readFileSync('/proc/self/cgroup', 'utf8'),
    );
    for (const home of homes) {
      try {
        return { groups: await tryHome(home, worker) };
      } catch (error) {
        problem = messageOf(error);
      }
    }
  } catch (error) {
    problem = messageOf(error);
  }
  return { problem };
}
