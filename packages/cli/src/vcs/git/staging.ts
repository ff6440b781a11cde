/**
 * Decides, from what differs and what the user asked for, which paths go into the snapshot's tree, and says what stays
 * out. Pure: `stage` carries it out on the temporary index.
 */

import type { LeftOutWhy } from '../port.ts';
import { displayPaths, nulTerminated, type RawPath } from '../raw-path.ts';
import { Refused } from '../refused.ts';
import type { Git } from './command.ts';
import type { ChangedEntry, StatusEntry, TreeEntry } from './status.ts';

export interface StagingWish {
  readonly untracked: boolean;
  readonly staged: boolean;
  /** Paths that match the user's pathspecs; null when there are none and everything counts. */
  readonly named: ReadonlySet<RawPath> | null;
}

export interface StagingPlan {
  /** To be read from disk into the index. */
  readonly add: RawPath[];
  /** Gone from disk, to be taken out of the index. */
  readonly remove: RawPath[];
  /** To be put back to what HEAD holds, or taken out if it holds nothing: staged, but not named. */
  readonly reset: { readonly path: RawPath; readonly to: TreeEntry | null }[];
  /** Which of the paths are unknown to git so far. */
  readonly untracked: Set<RawPath>;
  readonly leftOut: Record<Exclude<LeftOutWhy, 'hidden' | 'empty-folder' | 'special-file'>, RawPath[]>;
  readonly unmerged: RawPath[];
  readonly repositories: RawPath[];
}

export function planStaging(entries: readonly StatusEntry[], wish: StagingWish): StagingPlan {
  const plan: StagingPlan = {
    add: [],
    remove: [],
    reset: [],
    untracked: new Set(),
    leftOut: { ignored: [], untracked: [], unstaged: [], 'not-named': [] },
    unmerged: [],
    repositories: [],
  };
  for (const entry of entries) {
    if (wish.named === null || wish.named.has(entry.path)) planNamed(plan, entry, wish);
    else planNotNamed(plan, entry);
  }
  return plan;
}

function planNamed(plan: StagingPlan, entry: StatusEntry, wish: StagingWish): void {
  switch (entry.kind) {
    case 'changed':
      planChanged(plan, entry, wish);
      break;
    case 'unmerged':
      plan.unmerged.push(entry.path);
      break;
    case 'untracked':
      if (wish.staged || !wish.untracked) plan.leftOut.untracked.push(entry.path);
      else if (entry.path.endsWith('/')) plan.repositories.push(entry.path);
      else {
        plan.add.push(entry.path);
        plan.untracked.add(entry.path);
      }
      break;
    case 'ignored':
      plan.leftOut.ignored.push(entry.path);
  }
}

function planChanged(plan: StagingPlan, { path, unstaged }: ChangedEntry, wish: StagingWish): void {
  if (unstaged === '.') return;
  if (wish.staged) plan.leftOut.unstaged.push(path);
  else if (unstaged === 'D') plan.remove.push(path);
  else plan.add.push(path);
}

/** As `git commit --only` has it: what is not named stays as HEAD has it, even if it is staged. */
function planNotNamed(plan: StagingPlan, entry: StatusEntry): void {
  if (entry.kind === 'ignored') return;
  plan.leftOut['not-named'].push(entry.path);
  const isInIndex = entry.kind === 'unmerged' || (entry.kind === 'changed' && entry.staged !== '.');
  if (isInIndex) plan.reset.push({ path: entry.path, to: isAbsent(entry.head) ? null : entry.head });
}

function isAbsent(entry: TreeEntry): boolean {
  return /^0*$/.test(entry.mode);
}

/** @throws Refused when the plan would send something that is not a state of the project. */
export function checkPlan(plan: StagingPlan): void {
  if (plan.unmerged.length > 0) {
    throw new Refused(
      `a merge is not finished: ${displayPaths(plan.unmerged)}`,
      'resolve the conflicts and git add the files, or name the paths to send',
    );
  }
  if (plan.repositories.length > 0) {
    throw new Refused(
      `a repository inside this one cannot be sent: ${displayPaths(plan.repositories)}`,
      'add it to .gitignore or .git/info/exclude, make it a submodule, or use --no-untracked',
    );
  }
}

/** Makes the temporary index hold what was planned. `zeroId` is the id of nothing, as long as the repository's ids. */
export async function stage(git: Git, plan: StagingPlan, zeroId: string): Promise<void> {
  const { add, remove, reset } = plan;
  await replaceEntries(git, reset, zeroId);
  if (add.length + remove.length === 0) return;
  // Removals come first: a file may have become a folder. Each process writes the whole index, so one is better than
  // two, but git will not look behind a folder that has become a symbolic link; then the removals go by name.
  const together = await addToIndex(git, [...remove, ...add]);
  if (together === null) return;
  await replaceEntries(
    git,
    remove.map((path) => ({ path, to: null })),
    zeroId,
  );
  const apart = remove.length === 0 ? together : await addToIndex(git, add);
  if (apart === null) return;
  throw new Refused(
    `git cannot take in what is there: ${apart}`,
    "put right what git names, add it to .gitignore, or leave it out with a pathspec such as ':!NAME'",
  );
}

async function replaceEntries(git: Git, entries: StagingPlan['reset'], zeroId: string): Promise<void> {
  if (entries.length === 0) return;
  const records = entries.map(({ path, to }) => `${to?.mode ?? '0'} ${to?.id ?? zeroId}\t${path}`);
  await git.read(['update-index', '-z', '--index-info'], { input: nulTerminated(records) });
}

/** What git said when it did not take all the paths, and then it took none; null when it did. */
async function addToIndex(git: Git, paths: readonly RawPath[]): Promise<string | null> {
  const args = ['update-index', '--add', '--remove', '--replace', '-z', '--stdin'];
  const { status, stderr } = await git.run(args, { input: nulTerminated(paths) });
  // A name that git will not store (`git~1`) is skipped with a mere remark and exit status 0.
  const isSkipped = stderr.split('\n').some((line) => line.startsWith('Ignoring path '));
  return status === 0 && !isSkipped ? null : stderr;
}
