/**
 * A submodule travels as the id of a commit. That is right only while the commit can be fetched by others and nothing
 * else was done in the submodule; the rest is refused, because the build would silently be of something else.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  absoluteBytes,
  decodeUtf8,
  displayPaths,
  nulSeparated,
  pathBytes,
  type RawPath,
} from '../raw-path.ts';
import { Refused } from '../refused.ts';
import { settleAll } from '../settle-all.ts';
import type { Git } from './command.ts';
import { readIndexListing } from './index-listing.ts';
import { hasLocalChanges } from './status.ts';

/** @throws Refused when a submodule, or one inside it, has changes that are not committed. */
export async function checkSubmodulesClean(
  git: Git,
  { topdir, gitlinks, untracked }: { topdir: string; gitlinks: readonly RawPath[]; untracked: boolean },
): Promise<void> {
  const dirty = await changedSubmodules(git, topdir, gitlinks, untracked);
  if (dirty.length === 0) return;
  throw new Refused(
    `a submodule has changes of its own, which cannot be sent: ${displayPaths(dirty)}`,
    'commit and push them in the submodule, or undo them',
  );
}

/** One after another would take a process start per submodule; all at once would be a storm. */
const AT_ONCE = 4;

async function changedSubmodules(
  git: Git,
  topdir: string,
  gitlinks: readonly RawPath[],
  untracked: boolean,
): Promise<RawPath[]> {
  const dirty: RawPath[] = [];
  const waiting = gitlinks.filter((path) => isCheckedOut(topdir, path));
  const inspect = async () => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      const folder = folderOf(topdir, path);
      const inside = git.elsewhere(folder);
      const [isDirty, listing] = await settleAll([
        hasLocalChanges(inside, { untracked }),
        readIndexListing(inside, []),
      ]);
      if (isDirty) dirty.push(path);
      const deeper = await changedSubmodules(git, folder, listing.gitlinks, untracked);
      dirty.push(...deeper.map((inner) => `${path}/${inner}`));
    }
  };
  await settleAll(Array.from({ length: AT_ONCE }, inspect));
  return dirty.sort();
}

/** @throws Refused when a submodule's new commit is one that others cannot fetch. */
export async function checkSubmodulesPushed(
  git: Git,
  {
    topdir,
    changed,
    tree,
  }: { topdir: string; changed: readonly { path: RawPath; id: string }[]; tree: string },
): Promise<void> {
  if (changed.length === 0) return;
  await checkHaveUrl(git, changed, tree);
  for (const { path, id } of changed) {
    if (!isCheckedOut(topdir, path)) throw notCheckedOut(path);
    if (!(await isPushed(git.elsewhere(folderOf(topdir, path)), id))) throw notPushed(path, id);
  }
}

async function checkHaveUrl(git: Git, changed: readonly { path: RawPath }[], tree: string): Promise<void> {
  const { stdout } = await git.run([
    'config',
    '-z',
    '--blob',
    `${tree}:.gitmodules`,
    '--get-regexp',
    '\\.path$',
  ]);
  const known = new Set(nulSeparated(stdout).map((record) => record.slice(record.indexOf('\n') + 1)));
  const unknown = changed.filter(({ path }) => !known.has(path)).map(({ path }) => path);
  if (unknown.length === 0) return;
  throw new Refused(
    `a repository inside this one is not listed in .gitmodules, so nobody else can fetch it: ${displayPaths(unknown)}`,
    'add it with git submodule add, or take it out with git rm --cached',
  );
}

async function isPushed(git: Git, id: string): Promise<boolean> {
  const { status, stdout } = await git.run(['for-each-ref', '--count=1', `--contains=${id}`, 'refs/remotes']);
  return status === 0 && stdout.length > 0;
}

function notPushed(path: RawPath, id: string): Refused {
  return new Refused(
    `commit ${id.slice(0, 12)} of the submodule ${displayPaths([path])} is on no remote branch`,
    'push it from inside the submodule first',
  );
}

function notCheckedOut(path: RawPath): Refused {
  return new Refused(
    `the submodule ${displayPaths([path])} has a new commit but is not checked out, so whether it was pushed is unknown`,
    'git submodule update --init, then try again',
  );
}

/** Git knows nothing of a submodule's inside until it has been initialised. */
function isCheckedOut(topdir: string, path: RawPath): boolean {
  return existsSync(absoluteBytes(topdir, `${path}/.git`));
}

/** A process can be started in a folder only if its name is valid text. */
function folderOf(topdir: string, path: RawPath): string {
  const name = decodeUtf8(pathBytes(path));
  if (name !== null) return join(topdir, name);
  throw new Refused(
    `the name of the submodule ${displayPaths([path])} is not valid UTF-8`,
    'rename it, or name the paths to send',
  );
}
