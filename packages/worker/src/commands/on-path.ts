/** What commands on one path of a build's folder have in common. */
import type { Command, CommandOutcome } from '@buildbot/shared';
import { confine } from './confine.ts';
import type { FileDeps, Order } from './order.ts';
import { done, failed, failedBy } from './outcome.ts';

type PathCommand = Extract<Command, { kind: 'remove' | 'stat' }>;

/** Do `act` on the path, which cannot lead out of the folder. It gives the outcome's text; `doing` says what failed. */
export async function onPath(
  deps: FileDeps,
  order: Order<PathCommand>,
  doing: string,
  act: (path: string) => Promise<string | null>,
): Promise<CommandOutcome> {
  const begin = deps.clock.monotonic();
  const { builddir, path } = order.command;
  order.started();
  try {
    const target = await confine(deps.buildsFolder, builddir, path);
    if ('problem' in target) return failed(target.problem);
    const text = await act(target.path);
    return done(deps.clock.monotonic() - begin, text);
  } catch (error) {
    return failedBy(`${doing} '${builddir}/${path}'`, error);
  }
}
