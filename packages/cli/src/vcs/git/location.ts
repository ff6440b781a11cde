/** Finds the repository around a folder, and says why it cannot be used when it cannot. */

import { resolve } from 'node:path';
import { decodeUtf8 } from '../raw-path.ts';
import { Refused } from '../refused.ts';
import type { VcsOutput } from '../run.ts';
import type { Git } from './command.ts';

/** All paths are absolute. */
export interface GitLocation {
  readonly topdir: string;
  /** Folder of this working copy; a linked worktree has its own. */
  readonly gitDir: string;
  readonly indexFile: string;
  readonly objectsDir: string;
  readonly isShallow: boolean;
  /** Characters of an id: 40 with SHA-1, 64 with SHA-256. */
  readonly idLength: number;
  /** Where pathspecs are read from: the folder asked about, or the top folder when that lies outside. */
  readonly cwd: string;
}

const QUESTIONS = [
  '--is-inside-work-tree',
  '--is-shallow-repository',
  '--show-object-format',
  '--absolute-git-dir',
  '--git-path',
  'index',
  '--git-path',
  'objects',
  // Last, because it fails where there is no working copy.
  '--show-toplevel',
];

/**
 * The repository around `dir`; null when there is none.
 *
 * @throws Refused for a bare repository, a `.git` folder, and a repository that git does not trust.
 */
export async function locate(git: Git, dir: string): Promise<GitLocation | null> {
  const output = await git.run(['rev-parse', ...QUESTIONS]);
  if (output.status !== 0) {
    if (/not a git repository/i.test(output.stderr)) return null;
    throw refusalOf(output) ?? git.failure(['rev-parse'], output);
  }
  const lines = decodeUtf8(output.stdout)?.trimEnd().split('\n') ?? [];
  const [isInside, isShallow, format, gitDir, indexFile, objectsDir, topdir] = lines;
  if (lines.length !== 7 || !gitDir || !indexFile || !objectsDir || !topdir) throw oddPath();
  return {
    topdir: resolve(topdir),
    gitDir: resolve(gitDir),
    indexFile: resolve(dir, indexFile),
    objectsDir: resolve(dir, objectsDir),
    isShallow: isShallow === 'true',
    idLength: format === 'sha256' ? 64 : 40,
    cwd: isInside === 'true' ? dir : topdir,
  };
}

function refusalOf({ stderr }: VcsOutput): Refused | null {
  if (stderr.includes('must be run in a work tree')) {
    return new Refused(
      'this is a bare repository or the inside of a .git folder, which has no working copy to send',
      'run buildbot try in a working copy',
    );
  }
  if (stderr.includes('dubious ownership')) {
    return new Refused(
      'git does not trust this repository, because it belongs to another user',
      'if you do: git config --global --add safe.directory FOLDER',
    );
  }
  return null;
}

function oddPath(): Refused {
  return new Refused(
    'the path of the working copy contains a line break or is not valid UTF-8',
    'move the working copy to a folder with a plain name',
  );
}
