/**
 * Chooses the base: the newest commit that the master can have. Local commits above it travel in the patch. Preferred
 * is the branch the user named, then the current branch's upstream, then whatever remote branch is nearest.
 */

import type { SnapshotOptions } from '../port.ts';
import { Refused } from '../refused.ts';
import type { Git } from './command.ts';
import type { GitLocation } from './location.ts';
import {
  branchesCalled,
  type References,
  type RemoteBranch,
  readReferences,
  upstreamOf,
  withoutPassword,
} from './references.ts';
import { resolveCommit } from './resolve-commit.ts';

export interface Base {
  readonly revision: string;
  readonly branch: string | null;
  readonly repository: string;
  readonly unpushedCommits: number;
}

/** @throws Refused when there is no commit that the master can have. */
export async function findBase(git: Git, location: GitLocation, options: SnapshotOptions): Promise<Base> {
  const references = await readReferences(git);
  const found = await chooseBase(git, references, options, location);
  const url = found.remote === null ? undefined : references.urls.get(found.remote);
  const repository = options.repository ?? withoutPassword(url ?? location.topdir);
  return {
    revision: found.revision,
    branch: found.branch,
    repository,
    unpushedCommits: found.unpushedCommits,
  };
}

interface Found {
  readonly revision: string;
  readonly branch: string | null;
  readonly remote: string | null;
  readonly unpushedCommits: number;
}

async function chooseBase(
  git: Git,
  references: References,
  options: SnapshotOptions,
  location: GitLocation,
): Promise<Found> {
  if (options.baseRevision !== undefined) return givenBase(git, references, options, options.baseRevision);
  if (options.branch !== undefined) return baseOnBranch(git, references, options.branch, location);
  if (options.historyFrom === 'here') return baseHere(references);
  return baseOnRemotes(git, references, location);
}

async function givenBase(
  git: Git,
  references: References,
  { branch }: SnapshotOptions,
  name: string,
): Promise<Found> {
  const revision = await resolveCommit(git, name);
  const upstream = upstreamOf(references, references.current);
  const called = branch === undefined ? undefined : branchesCalled(references, branch)[0];
  const remote = called?.remote ?? upstream?.remote ?? preferredRemotes(references)[0] ?? null;
  const unpushed = await aboveCommits(git, references.head, [revision]);
  return {
    revision,
    branch: called?.branch ?? branch ?? upstream?.branch ?? null,
    remote,
    unpushedCommits: unpushed.count,
  };
}

async function baseOnBranch(
  git: Git,
  references: References,
  name: string,
  location: GitLocation,
): Promise<Found> {
  const candidates = branchesCalled(references, name);
  if (candidates.length === 0) throw unknownBranch(references, name);
  const { head } = references;
  const [first] = candidates;
  // Without a commit of one's own everything is the change.
  if (head === null && first !== undefined)
    return { ...placeOf(first), revision: first.id, unpushedCommits: 0 };
  const found = await nearest(git, references, candidates);
  if (found === null) throw unrelated(name, location);
  return found;
}

function unknownBranch(references: References, name: string): Refused {
  const known = [...references.remote.values()].map(({ remote, branch }) => `${remote}/${branch}`);
  const some = known.slice(0, 5).join(', ');
  return new Refused(
    `no remote has a branch ${JSON.stringify(name)}, as far as this working copy knows`,
    known.length === 0 ? 'add a remote and git fetch it' : `known are ${some}; git fetch may bring more`,
  );
}

function baseHere({ head, current }: References): Found {
  if (head === null)
    throw new Refused('this branch has no commit yet', 'make a first commit; it may be empty');
  return {
    revision: head,
    branch: current?.replace(/^refs\/heads\//, '') ?? null,
    remote: null,
    unpushedCommits: 0,
  };
}

async function baseOnRemotes(git: Git, references: References, location: GitLocation): Promise<Found> {
  if (references.head === null) {
    throw new Refused(
      'this branch has no commit yet, so there is nothing the master could start from',
      'commit and push first, or name a branch of a remote with --branch',
    );
  }
  const upstream = upstreamOf(references, references.current);
  const onUpstream = upstream === null ? null : await nearest(git, references, [upstream]);
  if (onUpstream !== null) return onUpstream;
  if (references.remote.size === 0) throw noRemoteBranches(references);
  const onAny = await nearest(git, references, [...references.remote.values()]);
  if (onAny === null) throw unrelated('any remote branch', location);
  return onAny;
}

function noRemoteBranches({ urls }: References): Refused {
  return urls.size === 0
    ? new Refused(
        'this working copy has no remote, so there is no commit the master is known to have',
        'add the repository the master builds from with git remote add, or give --baserev',
      )
    : new Refused(
        'no branch of a remote is known here, so there is no commit the master is known to have',
        'git fetch, or give --baserev',
      );
}

function unrelated(other: string, { isShallow }: GitLocation): Refused {
  return new Refused(
    `this branch and ${other} have no commit in common here`,
    isShallow
      ? 'this is a shallow clone: git fetch --unshallow, or give --baserev'
      : 'name another branch with --branch, or a commit with --baserev',
  );
}

/** The newest commit that HEAD shares with any of the branches; null when there is none. */
async function nearest(
  git: Git,
  references: References,
  branches: readonly RemoteBranch[],
): Promise<Found | null> {
  const above = await aboveCommits(
    git,
    references.head,
    branches.map((branch) => branch.id),
  );
  const revision = await newest(git, above.boundary);
  if (revision === null) return null;
  const [only, ...others] = branches;
  const place =
    only !== undefined && others.length === 0
      ? placeOf(only)
      : await branchHolding(git, references, revision);
  return { ...place, revision, unpushedCommits: above.count };
}

function placeOf({ branch, remote }: RemoteBranch): { branch: string; remote: string } {
  return { branch, remote };
}

/** Commits of HEAD that none of `known` holds, and the commits of `known` right below them. */
async function aboveCommits(
  git: Git,
  head: string | null,
  known: readonly string[],
): Promise<{ count: number; boundary: readonly string[] }> {
  if (head === null) return { count: 0, boundary: [] };
  const input = Buffer.from(`${[head, ...new Set(known.map((id) => `^${id}`))].join('\n')}\n`);
  const output = await git.read(['rev-list', '--topo-order', '--boundary', '--stdin'], { input });
  const lines = output.toString().split('\n').filter(Boolean);
  const boundary = lines.filter((line) => line.startsWith('-')).map((line) => line.slice(1));
  const count = lines.length - boundary.length;
  return { count, boundary: count === 0 ? [head] : boundary };
}

/** More than `git merge-base` is asked about at once; each one left would do, only with a larger patch. */
const MOST_COMPARED = 50;

/** Where merges left several to choose from, one that no other is a descendant of. */
async function newest(git: Git, commits: readonly string[]): Promise<string | null> {
  if (commits.length < 2) return commits[0] ?? null;
  const independent = await git.read(['merge-base', '--independent', ...commits.slice(0, MOST_COMPARED)]);
  return independent.toString().split('\n')[0] ?? null;
}

/** Of several branches the one a person would name: the same name as here, a remote's main branch, the first. */
async function branchHolding(
  git: Git,
  references: References,
  revision: string,
): Promise<{ branch: string | null; remote: string | null }> {
  const output = await git.read([
    'for-each-ref',
    `--contains=${revision}`,
    '--format=%(refname)',
    'refs/remotes',
  ]);
  const holding = output
    .toString()
    .split('\n')
    .filter((name) => references.remote.has(name));
  const ranked = preferredRemotes(references).flatMap((remote) => [
    `refs/remotes/${remote}/${references.current?.replace(/^refs\/heads\//, '')}`,
    references.mainBranches.get(remote),
  ]);
  const chosen = ranked.find((name) => name !== undefined && holding.includes(name)) ?? holding[0];
  const branch = chosen === undefined ? undefined : references.remote.get(chosen);
  return branch === undefined ? { branch: null, remote: null } : placeOf(branch);
}

function preferredRemotes({ urls }: References): readonly string[] {
  return [...urls.keys()].sort((a, b) => Number(b === 'origin') - Number(a === 'origin') || (a < b ? -1 : 1));
}
