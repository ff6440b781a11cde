/** The command `remove`: a folder tree or a file. Not there is as good as removed. */
import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command, CommandOutcome } from '@buildbot/shared';
import { onPath } from './on-path.ts';
import type { FileDeps, Order } from './order.ts';

type RemoveCommand = Extract<Command, { kind: 'remove' }>;

/** Give the owner back the right to write, in every folder: a test that makes its files read-only must not stay for ever. */
async function makeWritable(path: string): Promise<void> {
  if (!(await lstat(path)).isDirectory()) return;
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(path, entry.name));
  }
}

/** Remove a tree without following links, also one whose folders are read-only. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'ENOTEMPTY') throw error;
    await makeWritable(path);
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

export async function runRemove(deps: FileDeps, order: Order<RemoveCommand>): Promise<CommandOutcome> {
  return onPath(deps, order, 'removing', async (path) => {
    await removeTree(path);
    return null;
  });
}
