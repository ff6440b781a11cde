/** Branches and remotes, read once and looked up by exact name: no name a user gave ever becomes a git argument. */

import { settleAll } from '../settle-all.ts';
import type { Git } from './command.ts';

export interface Reference {
  /** `refs/heads/main`, `refs/remotes/origin/main`. */
  readonly name: string;
  readonly id: string;
  /** Full name of the branch it follows, whether or not that still exists. */
  readonly upstream: string | null;
}

/** A branch of a remote, as of the last fetch. */
export interface RemoteBranch {
  readonly remote: string;
  readonly branch: string;
  readonly id: string;
}

export interface References {
  /** Commit that is checked out; null before the first commit. */
  readonly head: string | null;
  /** Full name of the current branch; null for a detached HEAD. */
  readonly current: string | null;
  readonly local: ReadonlyMap<string, Reference>;
  /** By full name; only those of remotes that are configured. */
  readonly remote: ReadonlyMap<string, RemoteBranch>;
  /** URL by name of the remote. */
  readonly urls: ReadonlyMap<string, string>;
  /** Full name of the branch that a remote calls its main one, by name of the remote. */
  readonly mainBranches: ReadonlyMap<string, string>;
}

const FORMAT = '%(refname)%00%(objectname)%00%(upstream)%00%(symref)';

export async function readReferences(git: Git): Promise<References> {
  const [head, current, refs, config] = await settleAll([
    git.run(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']),
    git.run(['symbolic-ref', '--quiet', 'HEAD']),
    git.read(['for-each-ref', `--format=${FORMAT}`, 'refs/heads', 'refs/remotes']),
    git.run(['config', '-z', '--get-regexp', '^remote\\..*\\.url$']),
  ]);
  return {
    head: head.stdout.toString().trim() || null,
    current: current.stdout.toString().trim() || null,
    ...parseReferences(refs.toString(), parseUrls(config.stdout.toString())),
  };
}

/** Output of `git config -z --get-regexp`: key, line break, value, NUL. The first URL of a remote is the one fetched. */
export function parseUrls(config: string): Map<string, string> {
  const urls = new Map<string, string>();
  for (const record of config.split('\0').filter((text) => text !== '')) {
    const lineEnd = record.indexOf('\n');
    const name = record.slice('remote.'.length, lineEnd - '.url'.length);
    if (!urls.has(name)) urls.set(name, record.slice(lineEnd + 1));
  }
  return urls;
}

export function parseReferences(
  listing: string,
  urls: ReadonlyMap<string, string>,
): Pick<References, 'local' | 'remote' | 'urls' | 'mainBranches'> {
  const local = new Map<string, Reference>();
  const remote = new Map<string, RemoteBranch>();
  const mainBranches = new Map<string, string>();
  for (const line of listing.split('\n')) {
    const [name = '', id = '', upstream = '', target = ''] = line.split('\0');
    const place = remoteOf(name, urls);
    if (name.startsWith('refs/heads/')) local.set(name, { name, id, upstream: upstream || null });
    else if (place?.branch === 'HEAD' && target !== '') mainBranches.set(place.remote, target);
    else if (place !== null) remote.set(name, { ...place, id });
  }
  return { local, remote, urls, mainBranches };
}

/** A remote's name may hold slashes, so the longest one that fits is meant. */
function remoteOf(
  name: string,
  urls: ReadonlyMap<string, string>,
): { remote: string; branch: string } | null {
  const fitting = [...urls.keys()].filter((remote) => name.startsWith(`refs/remotes/${remote}/`));
  const remote = fitting.sort((a, b) => b.length - a.length)[0];
  return remote === undefined ? null : { remote, branch: name.slice(`refs/remotes/${remote}/`.length) };
}

/**
 * The remote branch that a local one follows; null when there is none. A branch may follow another local branch, which
 * then is asked in its turn.
 */
export function upstreamOf(references: References, branch: string | null): RemoteBranch | null {
  const seen = new Set<string>();
  for (
    let name = branch;
    name !== null && !seen.has(name);
    name = references.local.get(name)?.upstream ?? null
  ) {
    const found = references.remote.get(name);
    if (found !== undefined) return found;
    seen.add(name);
  }
  return null;
}

/** The remote branches that a person may mean by `name`: `main`, `origin/main`, or a local branch that follows one. */
export function branchesCalled(references: References, name: string): readonly RemoteBranch[] {
  const exact = references.remote.get(`refs/remotes/${name}`) ?? references.remote.get(name);
  if (exact !== undefined) return [exact];
  const sameName = [...references.remote.values()].filter((candidate) => candidate.branch === name);
  const preferred = upstreamOf(references, references.current)?.remote;
  const onPreferred = sameName.filter((candidate) => candidate.remote === preferred);
  if (sameName.length > 0) return onPreferred.length > 0 ? onPreferred : sameName;
  const followed = upstreamOf(references, `refs/heads/${name}`);
  return followed === null ? [] : [followed];
}

/** The URL as others may see it: without the password or token that some people keep in it. */
export function withoutPassword(url: string): string {
  const match = /^([a-z][a-z0-9+.-]*:\/\/)([^/@]*)@(.*)$/is.exec(url);
  if (match === null) return url;
  const [, scheme = '', login = '', rest = ''] = match;
  const user = /^https?:/i.test(scheme) ? '' : login.split(':')[0];
  return user ? `${scheme}${user}@${rest}` : `${scheme}${rest}`;
}
