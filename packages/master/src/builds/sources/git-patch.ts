/**
 * Puts a try job's patch on top of a checkout. It is applied to an index of its own first and compared with the
 * submitter's tree id; only then do files change. So a patch that does not fit leaves no trace, `--reject` and `patch(1)` are
 * never needed, and line-end attributes cannot get between the patch and the tree.
 */
import { EXCEPTION, FAILURE, type Patch } from '@buildbot/shared';
import { StepEnd } from '../steps/step-end.ts';
import type { GitSession } from './git-session.ts';

/** Relative to the top of the checkout, where every command runs. */
const OWN_INDEX = { GIT_INDEX_FILE: '.git/buildbot-patch.index' };

/** Ends the step when the patch does not apply, or gives another tree than the submitter has. */
export async function applyPatch(git: GitSession, patch: Patch): Promise<void> {
  await git.must(['read-tree', 'HEAD'], { env: OWN_INDEX });
  const subdir = patch.subdir === '' ? [] : [`--directory=${patch.subdir}`];
  const words = ['apply', '--cached', `-p${patch.level}`, ...subdir, '-'];
  if (!(await git.succeeds(words, { env: OWN_INDEX, stdin: patch }))) {
    throw new StepEnd({ results: FAILURE, stateString: 'patch does not apply' });
  }
  const tree = await git.read(['write-tree'], { env: OWN_INDEX });
  if (tree === null)
    throw new StepEnd({ results: EXCEPTION, stateString: 'git write-tree failed, see the log' });
  if (patch.tree !== null && patch.tree !== tree) {
    const stateString = `the patched tree is ${tree}, but ${patch.tree} was submitted`;
    throw new StepEnd({ results: EXCEPTION, stateString });
  }
  // From the commit to the tree: what the patch deletes is deleted, what it adds wins over what lies in its way.
  await git.must(['read-tree', '--reset', '-u', '--no-recurse-submodules', tree]);
}
