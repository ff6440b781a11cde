/**
 * What differs between HEAD, the index and the files, in one walk over the tree. The format is `git status
 * --porcelain=v2 -z` (git-status(1), "Porcelain Format Version 2"), whose paths start at the top folder.
 */

import { nulSeparated, type RawPath } from '../raw-path.ts';
import type { Git } from './command.ts';

export type StatusEntry = ChangedEntry | UnmergedEntry | UnknownEntry;

export interface ChangedEntry {
  readonly kind: 'changed';
  readonly path: RawPath;
  /** Index against HEAD, one letter; `.` is no difference. */
  readonly staged: string;
  /** File against index, one letter; `.` is no difference, `A` is intent to add. */
  readonly unstaged: string;
  readonly head: TreeEntry;
}

export interface UnmergedEntry {
  readonly kind: 'unmerged';
  readonly path: RawPath;
  /** Our side of the merge, which is what HEAD holds. */
  readonly head: TreeEntry;
}

export interface UnknownEntry {
  readonly kind: 'untracked' | 'ignored';
  /** Ends with `/` for a folder: an ignored one, or a repository inside this one. */
  readonly path: RawPath;
}

/** Mode 000000 means there is no such entry. */
export interface TreeEntry {
  readonly mode: string;
  readonly id: string;
}

const STATUS = [
  'status',
  '--porcelain=v2',
  '-z',
  '--untracked-files=all',
  '--no-renames',
  '--no-ahead-behind',
  // Only its commit: what is inside a submodule is looked at apart, by our settings and not by its own.
  '--ignore-submodules=dirty',
];

/** All differences, and ignored paths with a whole ignored folder as one. */
export async function readStatus(git: Git): Promise<readonly StatusEntry[]> {
  return parseStatus(await git.read([...STATUS, '--ignored=matching']));
}

/** Paths that differ and match the pathspecs, which are read from git's folder. */
export async function readMatchingPaths(
  git: Git,
  pathspecs: readonly string[],
): Promise<ReadonlySet<RawPath>> {
  const entries = parseStatus(await git.read([...STATUS, '--', ...pathspecs]));
  return new Set(entries.map((entry) => entry.path));
}

/** True when a repository has changes of its own, untracked files counted on demand. */
export async function hasLocalChanges(git: Git, options: { untracked: boolean }): Promise<boolean> {
  const entries = parseStatus(await git.read(STATUS));
  return entries.some((entry) => entry.kind !== 'untracked' || options.untracked);
}

export function parseStatus(output: Buffer): StatusEntry[] {
  return nulSeparated(output)
    .map(parseRecord)
    .filter((entry) => entry !== null);
}

function parseRecord(record: string): StatusEntry | null {
  const fields = record.split(' ');
  switch (fields[0]) {
    case '1': {
      const [, letters = '..', , mode = '', , , id = ''] = fields;
      const [staged = '.', unstaged = '.'] = letters;
      return { kind: 'changed', path: fields.slice(8).join(' '), staged, unstaged, head: { mode, id } };
    }
    case 'u':
      return {
        kind: 'unmerged',
        path: fields.slice(10).join(' '),
        head: { mode: fields[4] ?? '', id: fields[8] ?? '' },
      };
    case '?':
      return { kind: 'untracked', path: record.slice(2) };
    case '!':
      return { kind: 'ignored', path: record.slice(2) };
    default:
      return null;
  }
}
