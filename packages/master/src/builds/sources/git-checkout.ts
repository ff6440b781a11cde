/**
 * Gets the wanted commit into a folder, whatever is there before. A checkout that cannot be used (half made, locked by a
 * git that was killed, of another repository) is thrown away and made anew, once: the right commit or a clear failure,
 * never the wrong one.
 */
import { EXCEPTION } from '@buildbot/shared';
import { StepEnd } from '../steps/step-end.ts';
import { CLEAN_WORDS } from './git.ts';
import { type FetchOptions, fetchWanted, type Wanted } from './git-fetch.ts';
import type { GitSession } from './git-session.ts';

export interface CheckoutOptions extends FetchOptions {
  wanted: Wanted;
  /** What is removed besides: everything, what git does not know (`fresh`: ignored files too), or nothing. */
  tidy: 'clobber' | 'fresh' | 'clean' | 'nothing';
}

/** Answers the id of the commit that is checked out. Ends the step when there is none to be had. */
export async function checkOut(git: GitSession, options: CheckoutOptions): Promise<string> {
  if (options.tidy !== 'clobber' && (await isUsable(git))) {
    const commit = await attempt(git, options);
    if (commit !== null) return commit;
    await git.note('this checkout cannot be used: making a new one');
  }
  await git.remove(git.workdir);
  await begin(git, options.wanted);
  const commit = await attempt(git, options);
  if (commit === null)
    throw new StepEnd({ results: EXCEPTION, stateString: 'git cannot check out, see the log' });
  return commit;
}

async function isUsable(git: GitSession): Promise<boolean> {
  if ((await git.stat('.git')) !== 'dir') return false;
  const origin = await git.read(['config', '--local', '--get', 'remote.origin.url']);
  return origin === git.repository;
}

async function begin(git: GitSession, { revision }: Wanted): Promise<void> {
  const format = revision?.length === 64 ? ['--object-format=sha256'] : [];
  await git.must(['init', '--quiet', '--template=', ...format]);
  await git.must(['config', '--local', 'remote.origin.url', git.repository]);
}

/** One way through; `null` when this checkout is to blame for not getting to the end of it. */
async function attempt(git: GitSession, options: CheckoutOptions): Promise<string | null> {
  const fetched = await fetchWanted(git, options.wanted, options);
  if (fetched.status === 'unfit') return null;
  const { commit } = fetched;
  // Submodules are not this command's: it would fail on those that are not there.
  if (
    !(await git.succeeds(['checkout', '--quiet', '--force', '--no-recurse-submodules', '--detach', commit]))
  ) {
    return null;
  }
  if (!(await restoreHidden(git))) return null;
  // After the checkout, so that what git does not know is judged by the ignore rules of this very commit.
  if (options.tidy === 'fresh' || options.tidy === 'clean') {
    if (!(await git.succeeds(CLEAN_WORDS[options.tidy]))) return null;
  }
  return (await git.read(['rev-parse', '--verify', 'HEAD'])) === commit ? commit : null;
}

/** Files that the index was told to overlook are overlooked by a checkout as well; only what differs is written. */
async function restoreHidden(git: GitSession): Promise<boolean> {
  const words = ['checkout-index', '--all', '--force', '--quiet'];
  // Before git 2.35 this was what it did, and there was no word for it.
  return (await git.succeeds([...words, '--ignore-skip-worktree-bits'])) || (await git.succeeds(words));
}
