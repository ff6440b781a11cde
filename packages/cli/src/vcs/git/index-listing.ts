/**
 * The entries of an index that need a second look: submodules, and files git was told not to look at. Reads `git
 * ls-files -v -s -z` (a tag, mode, id, stage, tab, path) without decoding the tens of thousands of ordinary entries.
 */

import type { RawPath } from '../raw-path.ts';
import type { Git } from './command.ts';

export interface IndexListing {
  /** Paths of submodules. */
  readonly gitlinks: readonly RawPath[];
  /** Files marked `assume-unchanged`. */
  readonly assumeUnchanged: readonly RawPath[];
  /** Files marked `skip-worktree`; in a sparse checkout, all that are not checked out. */
  readonly skipWorktree: readonly RawPath[];
}

/** Limited to the pathspecs, which are read from git's folder; none means all. */
export async function readIndexListing(git: Git, pathspecs: readonly string[]): Promise<IndexListing> {
  return parseIndexListing(await git.read(['ls-files', '-v', '-s', '-z', '--full-name', '--', ...pathspecs]));
}

export function parseIndexListing(output: Buffer): IndexListing {
  const gitlinks: RawPath[] = [];
  const assumeUnchanged: RawPath[] = [];
  const skipWorktree: RawPath[] = [];
  for (let start = 0; start < output.length; ) {
    const end = output.indexOf(0, start);
    if (!isOrdinary(output, start)) {
      const record = output.toString('latin1', start, end);
      const path = record.slice(record.indexOf('\t') + 1);
      const tag = record.charAt(0);
      if (record.startsWith('160000', 2)) gitlinks.push(path);
      if (tag !== tag.toUpperCase()) assumeUnchanged.push(path);
      if (tag.toUpperCase() === 'S') skipWorktree.push(path);
    }
    start = end + 1;
  }
  return { gitlinks, assumeUnchanged, skipWorktree };
}

const TAG_ORDINARY = 'H'.charCodeAt(0);
const SUBMODULE_SECOND_DIGIT = '6'.charCodeAt(0);

function isOrdinary(output: Buffer, start: number): boolean {
  return output[start] === TAG_ORDINARY && output[start + 3] !== SUBMODULE_SECOND_DIGIT;
}
