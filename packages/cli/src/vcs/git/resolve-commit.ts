/** From a name that a person gave (a branch, a tag, `HEAD~2`, a short hash) to the full id of a commit. */

import { Refused } from '../refused.ts';
import type { Git } from './command.ts';

/**
 * The name goes in by standard input, where nothing is an option.
 * @throws Refused when the working copy has no such commit, or more than one
 */
export async function resolveCommit(git: Git, name: string): Promise<string> {
  const isOneLine = name !== '' && !/[\0\r\n]/.test(name);
  const input = Buffer.from(`${name}^{commit}\n`);
  const answer = isOneLine ? await git.read(['cat-file', '--batch-check=%(objectname)'], { input }) : '';
  const revision = answer.toString().trim();
  if (/^[0-9a-f]{40,64}$/.test(revision)) return revision;
  throw new Refused(
    `there is no commit ${JSON.stringify(name)} in this working copy`,
    'git fetch it first, or give another --baserev',
  );
}
