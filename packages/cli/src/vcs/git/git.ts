/** Git behind the `Vcs` port. */

import type { Vcs, VcsDeps } from '../port.ts';
import { orRefusal } from '../refused.ts';
import { createGit } from './command.ts';
import { locate } from './location.ts';
import { resolveCommit } from './resolve-commit.ts';
import { takeSnapshot } from './snapshot.ts';

export function createGitVcs(deps: VcsDeps): Vcs {
  return {
    name: 'git',
    detect: (dir) =>
      orRefusal(async () => {
        const location = await locate(createGit(deps, dir), dir);
        return location && { ok: true, vcs: 'git', topdir: location.topdir };
      }),
    snapshot: (options) => orRefusal(async () => ({ ok: true, snapshot: await takeSnapshot(deps, options) })),
    resolveRevision: (dir, name) =>
      orRefusal(async () => ({ ok: true, revision: await resolveCommit(createGit(deps, dir), name) })),
  };
}
