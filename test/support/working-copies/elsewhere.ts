/** Test support: does by hand what a worker does with what it is sent. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sceneEnvironment } from './scene.ts';

export interface Elsewhere {
  readonly folder: string;
  /** Id of the tree after the patch. */
  readonly tree: string;
  /** Content of a file; null when it is not there. */
  textOf(path: string): string | null;
}

export interface Sent {
  readonly baseRevision: string;
  readonly patch: Uint8Array | null;
}

/** Checks out the base in `dir/elsewhere`, from nothing but what the master has, and applies the patch. */
export function checkOutElsewhere({
  dir,
  remote,
  sent,
}: {
  dir: string;
  remote: string;
  sent: Sent;
}): Elsewhere {
  const folder = join(dir, 'elsewhere');
  const git = (cwd: string, args: readonly string[], input?: Uint8Array) =>
    execFileSync('git', args, { cwd, env: sceneEnvironment(dir), input })
      .toString()
      .trim();
  // A worktree of the master's repository sees the same commits as a clone, and takes a fifth of the processes.
  git(remote, ['worktree', 'add', '-q', '--detach', folder, sent.baseRevision]);
  if (sent.patch !== null) git(folder, ['apply', '--index', '--whitespace=nowarn', '-p1'], sent.patch);
  return {
    folder,
    tree: git(folder, ['write-tree']),
    textOf: (path) => (existsSync(join(folder, path)) ? readFileSync(join(folder, path), 'utf8') : null),
  };
}
