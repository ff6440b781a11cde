/** The command `stat`: what is there at a path. A link is a file, wherever it leads. */
import { lstat } from 'node:fs/promises';
import type { Command, CommandOutcome } from '@buildbot/shared';
import { confine } from './confine.ts';
import type { FileDeps, Order } from './order.ts';
import { done, failed, failedBy } from './outcome.ts';

type StatCommand = Extract<Command, { kind: 'stat' }>;

async function kindOf(path: string): Promise<'dir' | 'file' | 'none'> {
  try {
    return (await lstat(path)).isDirectory() ? 'dir' : 'file';
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'none';
    throw error;
  }
}

export async function runStat(deps: FileDeps, order: Order<StatCommand>): Promise<CommandOutcome> {
  const begin = deps.clock.monotonic();
  const { builddir, path } = order.command;
  order.started();
  try {
    const target = await confine(deps.buildsFolder, builddir, path);
    if ('problem' in target) return failed(target.problem);
    return done(deps.clock.monotonic() - begin, await kindOf(target.path));
  } catch (error) {
    return failedBy(`looking at '${builddir}/${path}'`, error);
  }
}
