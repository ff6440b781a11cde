/** The command `stat`: what is there at a path. A link is a file, wherever it leads. */
import { lstat } from 'node:fs/promises';
import type { Command, CommandOutcome } from '@buildbot/shared';
import { onPath } from './on-path.ts';
import type { FileDeps, Order } from './order.ts';

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
  return onPath(deps, order, 'looking at', kindOf);
}
