/** The command `remove`: a folder tree or a file. Not there is as good as removed. */
import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command, CommandOutcome } from '@buildbot/shared';
import { confine } from './confine.ts';
import type { FileDeps, Order } from './order.ts';
import { done, failed, failedBy } from './outcome.ts';

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
  const begin = deps.clock.monotonic();
  const { builddir, path } = order.command;
  order.started();
  try {
    const target = await confine(deps.buildsFolder, builddir, path);
    if ('problem' in target) return failed(target.problem);
    await removeTree(target.path);
    return done(deps.clock.monotonic() - begin);
  } catch (error) {
    return failedBy(`removing '${builddir}/${path}'`, error);
  }
}
