/**
 * Files that git was told not to look at (`git update-index --assume-unchanged` or `--skip-worktree`). Their edits do
 * not travel, as the user wished, but the user is told, for the wish may be years old.
 */

import { nulSeparated, nulTerminated, type RawPath } from '../raw-path.ts';
import type { Git } from './command.ts';
import type { IndexListing } from './index-listing.ts';
import type { Scratch } from './scratch.ts';

/** Those of the files that differ from the index. */
export async function findHiddenEdits(scratch: Scratch, listing: IndexListing): Promise<RawPath[]> {
  const { assumeUnchanged } = listing;
  const isSparse = listing.skipWorktree.length > 0 && (await isSparseCheckout(scratch.git));
  // In a sparse checkout the mark means "not checked out", and git itself drops it from a file that is there.
  const skipWorktree = isSparse ? [] : listing.skipWorktree;
  if (assumeUnchanged.length + skipWorktree.length === 0) return [];
  const git = await scratch.secondIndex();
  await unmark(git, '--no-assume-unchanged', assumeUnchanged);
  await unmark(git, '--no-skip-worktree', skipWorktree);
  const hidden = new Set([...assumeUnchanged, ...skipWorktree]);
  const changed = await git.read(['diff-files', '-z', '--name-only', '--ignore-submodules=all']);
  return nulSeparated(changed).filter((path) => hidden.has(path));
}

async function isSparseCheckout(git: Git): Promise<boolean> {
  const { stdout } = await git.run(['config', '--type=bool', '--get', 'core.sparseCheckout']);
  return stdout.toString().trim() === 'true';
}

async function unmark(git: Git, flag: string, paths: readonly RawPath[]): Promise<void> {
  if (paths.length > 0)
    await git.read(['update-index', flag, '-z', '--stdin'], { input: nulTerminated(paths) });
}
