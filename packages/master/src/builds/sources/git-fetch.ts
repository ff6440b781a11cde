/**
 * Brings the wanted commit into the checkout's object store. A commit that is there already costs no network. An
 * answer that it is not on the server is given only when the server was really asked.
 */
import { EXCEPTION, FAILURE } from '@buildbot/shared';
import { StepEnd } from '../steps/step-end.ts';
import { isCommitId, isFullCommitId } from './git.ts';
import type { GitSession } from './git-session.ts';

/** What to check out: a revision, or the newest of a branch. Both `null`: the newest of the default branch. */
export interface Wanted {
  /** A commit id, full or shortened, or the name of a ref. */
  revision: string | null;
  branch: string | null;
}

export interface FetchOptions {
  /** Commits of history to get; `null` for all. */
  depth: number | null;
  retry: { attempts: number; delayMs: number };
  /** Waits between attempts. */
  pause: (ms: number) => Promise<void>;
}

/** `unfit`: this checkout cannot fetch although the server answers; a new one may. */
export type Fetched = { status: 'found'; commit: string } | { status: 'unfit' };

const ALL_BRANCHES = '+refs/heads/*:refs/remotes/origin/*';
/** As deep as git goes: undoes an earlier shallow fetch. */
const WHOLE_HISTORY = 2_147_483_647;

/** Ends the step when the server cannot be reached or does not have what is wanted. */
export async function fetchWanted(git: GitSession, wanted: Wanted, options: FetchOptions): Promise<Fetched> {
  for (let attempt = 0; ; attempt++) {
    const { commit, answered } = await fetchOnce(git, wanted, options.depth);
    if (commit !== null) return { status: 'found', commit };
    if (answered) throw new StepEnd({ results: FAILURE, stateString: missingText(git, wanted) });
    if (await serverAnswers(git)) return await askedInVain(git, wanted);
    if (attempt >= options.retry.attempts) {
      throw new StepEnd({ results: EXCEPTION, stateString: `cannot fetch from ${git.shownRepository}` });
    }
    await options.pause(options.retry.delayMs);
  }
}

interface Round {
  commit: string | null;
  /** The server gave all it has, so that what is not there now is not on it. */
  answered: boolean;
}

async function fetchOnce(git: GitSession, wanted: Wanted, depth: number | null): Promise<Round> {
  const { revision, branch } = wanted;
  if (revision !== null && isCommitId(revision)) return await fetchCommit(git, { revision, branch }, depth);
  const ref = revision ?? (branch === null ? 'HEAD' : `refs/heads/${branch}`);
  const target = revision === null && branch !== null ? `:refs/remotes/origin/${branch}` : '';
  if (!(await fetch(git, [`+${ref}${target}`], depth))) return { commit: null, answered: false };
  return {
    commit: await git.read(['rev-parse', '--verify', '--quiet', 'FETCH_HEAD^{commit}']),
    answered: false,
  };
}

/** From the cheapest way to the surest: it is here, it is on the branch, the server gives it out, it is somewhere. */
async function fetchCommit(
  git: GitSession,
  { revision, branch }: { revision: string; branch: string | null },
  depth: number | null,
): Promise<Round> {
  const found = async (): Promise<string | null> =>
    await git.read(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]);
  const rounds: (() => Promise<boolean>)[] = [];
  // A shortened id that is unique here may not be so on the server.
  if (isFullCommitId(revision)) rounds.push(async () => true);
  if (branch !== null) {
    rounds.push(async () => await fetch(git, [`+refs/heads/${branch}:refs/remotes/origin/${branch}`], depth));
  }
  if (isFullCommitId(revision)) rounds.push(async () => await fetch(git, [revision], depth));
  for (const round of rounds) {
    const commit = (await round()) ? await found() : null;
    if (commit !== null) return { commit, answered: false };
  }
  const answered = await fetch(git, [ALL_BRANCHES, '+refs/tags/*:refs/tags/*'], depth && WHOLE_HISTORY);
  return { commit: answered ? await found() : null, answered };
}

async function fetch(git: GitSession, refspecs: readonly string[], depth: number | null): Promise<boolean> {
  const shallow = depth === null ? [] : [`--depth=${depth}`];
  const words = [
    'fetch',
    '--no-tags',
    '--force',
    ...shallow,
    '--end-of-options',
    git.repository,
    ...refspecs,
  ];
  return await git.succeeds(words);
}

/** Asked outside of the checkout, so that its state does not matter. */
async function serverAnswers(git: GitSession): Promise<boolean> {
  return (
    (await git.read(['ls-remote', '--end-of-options', git.repository, 'HEAD'], { workdir: '' })) !== null
  );
}

/** The server is there and yet nothing came: the branch does not exist, or this checkout is broken. */
async function askedInVain(git: GitSession, wanted: Wanted): Promise<Fetched> {
  const { revision, branch } = wanted;
  if (revision !== null && isCommitId(revision)) return { status: 'unfit' };
  const ref = revision ?? (branch === null ? 'HEAD' : `refs/heads/${branch}`);
  const list = await git.read(['ls-remote', '--end-of-options', git.repository, ref], { workdir: '' });
  if (list !== null && list !== '') return { status: 'unfit' };
  throw new StepEnd({ results: FAILURE, stateString: missingText(git, wanted) });
}

function missingText(git: GitSession, { revision, branch }: Wanted): string {
  const what = revision === null ? `branch ${branch ?? 'HEAD'}` : `revision ${revision}`;
  return `${what} is not in ${git.shownRepository}: was it pushed?`;
}
