/**
 * Takes the snapshot of a git working copy: what differs and where the base is are found side by side, the differing
 * paths (and only they) go into a temporary index, its tree is compared with the base. Some dozen short git processes,
 * most of them in parallel, and nothing of the user's is written to.
 */

import { lstatSync } from 'node:fs';
import {
  DEFAULT_MAX_PATCH_BYTES,
  type LeftOut,
  type LeftOutWhy,
  type Snapshot,
  type SnapshotFile,
  type SnapshotOptions,
  type VcsDeps,
} from '../port.ts';
import { absoluteBytes, displayPath, type RawPath } from '../raw-path.ts';
import { Refused } from '../refused.ts';
import { settleAll } from '../settle-all.ts';
import { type Base, findBase } from './base.ts';
import { createGit, type Git } from './command.ts';
import {
  type Difference,
  GITLINK,
  newFileIds,
  PatchTooLarge,
  type RawChange,
  readDifference,
  readSizes,
  tooLarge,
} from './difference.ts';
import { findEmptyFolders, readUnknownFolders } from './empty-folders.ts';
import { findHiddenEdits } from './hidden.ts';
import { readIndexListing } from './index-listing.ts';
import { checkLfsContent } from './lfs.ts';
import { type GitLocation, locate } from './location.ts';
import { type Scratch, withScratch } from './scratch.ts';
import { findSpecialFiles } from './special-files.ts';
import { checkPlan, planStaging, type StagingPlan, stage } from './staging.ts';
import { readMatchingPaths, readStatus } from './status.ts';
import { checkSubmodulesClean, checkSubmodulesPushed } from './submodules.ts';

/** @throws Refused for whatever a person can put right. */
export async function takeSnapshot(deps: VcsDeps, options: SnapshotOptions): Promise<Snapshot> {
  const git = createGit(deps, options.dir, options.signal);
  const location = await locate(git, options.dir);
  if (location === null) {
    throw new Refused(
      `${options.dir} is not in a git working copy`,
      'run buildbot try in a working copy, or send a diff with --diff FILE',
    );
  }
  return withScratch({ git, location, deps }, async (scratch) => {
    const pathspecs = options.pathspecs ?? [];
    await checkPathspecs(scratch.git.within({ cwd: location.cwd }), pathspecs);
    // What travels and what does not are found side by side; only the first is on the way to the patch.
    const [sent, aside] = await settleAll([
      gather(scratch, location, options),
      lookAside(scratch, location, options),
    ]);
    const { base, tree, plan, content } = sent;
    const emptyFolders = findEmptyFolders(location.topdir, aside.unknownFolders, plan.untracked);
    const ignored = new Set(plan.leftOut.ignored);
    const looksForSpecial = !options.staged && options.untracked !== false && pathspecs.length === 0;
    const specialFiles = looksForSpecial ? await findSpecialFiles(scratch.git, location.topdir, ignored) : [];
    const files = content.changes.map((change) => describe(change, content, plan.untracked));
    return {
      vcs: 'git',
      topdir: location.topdir,
      repository: base.repository,
      branch: base.branch,
      baseRevision: base.revision,
      unpushedCommits: base.unpushedCommits,
      patch: content.patch,
      patchLevel: 1,
      tree,
      files,
      leftOut: listLeftOut({
        ...plan.leftOut,
        hidden: aside.hidden,
        'empty-folder': emptyFolders,
        'special-file': specialFiles,
      }),
      stats: {
        files: files.length,
        untracked: files.filter((file) => file.untracked).length,
        binary: files.filter((file) => file.binary).length,
        patchBytes: content.patch?.length ?? 0,
      },
    };
  });
}

interface Gathered {
  readonly base: Base;
  readonly tree: string;
  readonly plan: StagingPlan;
  readonly content: Content;
}

async function gather(scratch: Scratch, location: GitLocation, options: SnapshotOptions): Promise<Gathered> {
  const { git } = scratch;
  const maxPatchBytes = options.maxPatchBytes ?? DEFAULT_MAX_PATCH_BYTES;
  const [base, { plan, tree }] = await settleAll([
    findBase(git, location, options),
    makeTree(git, location, { ...options, maxPatchBytes }),
  ]);
  return {
    base,
    tree,
    plan,
    content: await compare(git, location, { base: base.revision, tree, maxPatchBytes }),
  };
}

/** The tree of what is there now, as far as the user wants it sent. */
async function makeTree(
  git: Git,
  { topdir, cwd, idLength }: GitLocation,
  options: SnapshotOptions & { readonly maxPatchBytes: number },
): Promise<{ plan: StagingPlan; tree: string }> {
  const { staged = false, untracked = true, pathspecs = [], maxPatchBytes } = options;
  const [entries, named] = await settleAll([
    readStatus(git),
    pathspecs.length === 0 ? null : readMatchingPaths(git.within({ cwd }), pathspecs),
  ]);
  const plan = planStaging(entries, { staged, untracked, named });
  checkPlan(plan);
  checkWeight(topdir, plan.add, maxPatchBytes);
  await stage(git, plan, '0'.repeat(idLength));
  const tree = await git.read(['write-tree']);
  return { plan, tree: tree.toString().trim() };
}

interface Aside {
  readonly hidden: readonly RawPath[];
  readonly unknownFolders: readonly RawPath[];
}

/** What does not show in git's status: hidden edits, empty folders, the inside of submodules. */
async function lookAside(scratch: Scratch, location: GitLocation, options: SnapshotOptions): Promise<Aside> {
  if (options.staged) return { hidden: [], unknownFolders: [] };
  const { topdir } = location;
  const { untracked = true, pathspecs = [] } = options;
  // The colon and slash mean the top folder, wherever the command runs.
  const paths = pathspecs.length === 0 ? [':/'] : pathspecs;
  const here = scratch.git.within({ cwd: location.cwd });
  const marked = async () => {
    const listing = await readIndexListing(here, paths);
    const [hidden] = await settleAll([
      findHiddenEdits(scratch, listing),
      checkSubmodulesClean(scratch.git, { topdir, gitlinks: listing.gitlinks, untracked }),
    ]);
    return hidden;
  };
  const [hidden, unknownFolders] = await settleAll([
    marked(),
    untracked ? readUnknownFolders(here, paths) : [],
  ]);
  return { hidden, unknownFolders };
}

/** A pathspec that matches nothing is a typing error, and would send less than the user thinks. */
async function checkPathspecs(git: Git, pathspecs: readonly string[]): Promise<void> {
  if (pathspecs.length === 0) return;
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--error-unmatch', '--'];
  const { status, stderr } = await git.run([...args, ...pathspecs]);
  if (status === 0) return;
  const said = stderr.split('\n')[0]?.replace(/^(error|fatal): /, '');
  throw new Refused(`${said}`, 'check the paths; they are read from the current folder');
}

/** How many paths of each kind are named to the user. */
const SHOWN = 20;

function listLeftOut(paths: Record<LeftOutWhy, readonly RawPath[]>): LeftOut[] {
  const kinds = Object.entries(paths) as [LeftOutWhy, readonly RawPath[]][];
  return kinds
    .filter(([, list]) => list.length > 0)
    .map(([why, list]) => ({ why, count: list.length, paths: list.slice(0, SHOWN).map(displayPath) }));
}

/** Text seldom compresses better than this, so what is heavier need not be read to be refused. */
const BEST_COMPRESSION = 20;

/** Keeps a forgotten disk image from being read for minutes. Blocks for some 3 µs per file. */
function checkWeight(topdir: string, paths: readonly RawPath[], maxPatchBytes: number): void {
  const weights = paths.map((path) => ({
    path,
    bytes: lstatSync(absoluteBytes(topdir, path), { throwIfNoEntry: false })?.size ?? 0,
  }));
  const total = weights.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > maxPatchBytes * BEST_COMPRESSION) throw tooLarge(weights, maxPatchBytes);
}

interface Content extends Difference {
  readonly sizes: ReadonlyMap<string, number>;
}

/** The difference, once it is certain that it carries all that the build needs. */
async function compare(
  git: Git,
  { topdir }: GitLocation,
  { base, tree, maxPatchBytes }: { base: string; tree: string; maxPatchBytes: number },
): Promise<Content> {
  const difference = await readDifference(git, { base, tree, maxPatchBytes }).catch(
    async (error: unknown) => {
      if (!(error instanceof PatchTooLarge)) throw error;
      const sizes = await readSizes(git, newFileIds(error.changes));
      const weights = error.changes.map(({ path, id }) => ({ path, bytes: sizes.get(id) ?? 0 }));
      throw tooLarge(weights, maxPatchBytes);
    },
  );
  const { changes } = difference;
  const sizes = await readSizes(git, newFileIds(changes));
  await settleAll([
    checkLfsContent(git, { base, changes, sizes }),
    checkSubmodulesPushed(git, { topdir, tree, changed: changes.filter(({ mode }) => mode === GITLINK) }),
  ]);
  return { ...difference, sizes };
}

const SIGNS = { A: '+', D: '-', R: '→' } as const;

function describe(change: RawChange, content: Content, untracked: ReadonlySet<RawPath>): SnapshotFile {
  const { path, from, letter, id } = change;
  return {
    path: displayPath(path),
    ...(from === null ? {} : { from: displayPath(from) }),
    change: letter === 'A' || letter === 'D' || letter === 'R' ? SIGNS[letter] : '~',
    binary: content.binary.has(path),
    untracked: untracked.has(path),
    bytes: content.sizes.get(id) ?? 0,
  };
}
