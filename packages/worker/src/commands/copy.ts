/** The command `copy`: a folder tree within one build's folder, replacing the destination. Links are copied as links. */
import { cp, lstat } from 'node:fs/promises';
import type { Command, CommandOutcome } from '@buildbot/shared';
import { confine } from './confine.ts';
import { causeOf, type FileDeps, type Order } from './order.ts';
import { done, endedEarly, failed, failedBy } from './outcome.ts';
import { removeTree } from './remove.ts';

type CopyCommand = Extract<Command, { kind: 'copy' }>;

async function copyTree(from: string, to: string, signal: AbortSignal): Promise<void> {
  // Asked first: a source that is not there must not cost the destination.
  await lstat(from);
  await removeTree(to);
  await cp(from, to, {
    recursive: true,
    preserveTimestamps: true,
    verbatimSymlinks: true,
    filter: () => !signal.aborted,
  });
}

export async function runCopy(deps: FileDeps, order: Order<CopyCommand>): Promise<CommandOutcome> {
  const begin = deps.clock.monotonic();
  const { builddir, from, to } = order.command;
  order.started();
  try {
    const source = await confine(deps.buildsFolder, builddir, from);
    const target = await confine(deps.buildsFolder, builddir, to);
    if ('problem' in source) return failed(source.problem);
    if ('problem' in target) return failed(target.problem);
    if (`${source.path}/`.startsWith(`${target.path}/`))
      return failed(`'${to}' holds '${from}', which it would replace`);
    await copyTree(source.path, target.path, order.signal);
    const took = deps.clock.monotonic() - begin;
    return order.signal.aborted ? endedEarly(causeOf(order.signal), took) : done(took);
  } catch (error) {
    return failedBy(`copying '${builddir}/${from}' to '${to}'`, error);
  }
}
