/**
 * What is known of git: how it is called so that neither a repository, a name nor the worker's own settings can make it
 * run something else or change bytes, and which words are safe to hand to it (reliability.md section 2.2, class 9).
 * Pure: words in, words out.
 */

/** Oldest git whose options and safety this relies on. */
export const MINIMUM_VERSION: readonly [number, number] = [2, 30];

/** Settings that win over those of the worker's user and of the repository. */
const SETTINGS = [
  'protocol.ext.allow=never',
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  // The tree must be exact: no conversions but those that the source's own attributes ask for.
  'core.autocrlf=false',
  'core.attributesFile=/dev/null',
  'core.excludesFile=/dev/null',
  'core.sparseCheckout=false',
  'apply.whitespace=nowarn',
  'apply.ignoreWhitespace=no',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  // A collector left in the background would be ended with the command that started it.
  'gc.autoDetach=false',
  'maintenance.autoDetach=false',
  'advice.detachedHead=false',
  'init.defaultBranch=main',
  'color.ui=false',
];

/** The whole argv of a git command. */
export function gitArgv(words: readonly string[]): string[] {
  return ['git', ...SETTINGS.flatMap((setting) => ['-c', setting]), ...words];
}

/** Variables for every git command. `files`: whether local repositories may be read, as `file:` URLs or paths. */
export function gitEnvironment(files: boolean): Record<string, string | null> {
  return {
    GIT_ALLOW_PROTOCOL: `${files ? 'file:' : ''}git:http:https:ssh`,
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    LC_ALL: 'C',
    // A git that is itself run by git (a hook, a test) hands these down, and they would point elsewhere.
    GIT_DIR: null,
    GIT_WORK_TREE: null,
    GIT_INDEX_FILE: null,
  };
}

/** `2.39` from what `git --version` prints; `null` when it is not git's answer. */
export function parseVersion(text: string): [number, number] | null {
  const match = /^git version (\d+)\.(\d+)/.exec(text);
  return match && [Number(match[1]), Number(match[2])];
}

export function isRecent([major, minor]: readonly [number, number]): boolean {
  return major > MINIMUM_VERSION[0] || (major === MINIMUM_VERSION[0] && minor >= MINIMUM_VERSION[1]);
}

/** A full or shortened commit id. */
export function isCommitId(revision: string): boolean {
  return /^[0-9a-f]{4,64}$/.test(revision);
}

/** A whole commit id, of SHA-1 or SHA-256. */
export function isFullCommitId(revision: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(revision);
}

/** The rules of `git check-ref-format --branch` for a name below `refs/`; nothing that git could take for an option. */
export function isRefName(name: string): boolean {
  if (name === '' || name === '@' || name.length > 1024 || name.startsWith('-') || name.endsWith('.'))
    return false;
  if (/[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{/.test(name)) return false;
  return name.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'));
}

const URL_SCHEME = /^(https?|ssh|git|file):\/\//i;

/** A path on the worker or a `file:` URL. */
export function isLocalRepository(url: string): boolean {
  return url.startsWith('/') || /^file:\/\//i.test(url);
}

/**
 * `null` for a repository that may be fetched from, else what is wrong with it. Allowed: `https http ssh git file` URLs,
 * absolute paths, and `user@host:path`. A host that begins with a dash would reach ssh as an option.
 */
export function repositoryProblem(url: string): string | null {
  if (/[\x00-\x20\x7f]/.test(url)) return 'it holds a space or a control character';
  if (url.startsWith('-')) return 'it begins with a dash';
  if (url.includes('::')) return 'helpers such as ext:: are not allowed';
  if (URL_SCHEME.test(url))
    return /^[a-z]+:\/\/(?:[^/@]*@)?-/i.test(url) ? 'its host begins with a dash' : null;
  if (url.startsWith('/')) return null;
  if (/^(?:[\w.+~-]+@)?[A-Za-z0-9_][\w.-]*:(?!\/\/)[^-]/.test(url)) return null;
  return 'expected an https, http, ssh, git or file URL, an absolute path, or user@host:path';
}

/** A repository as it may be shown: without a password. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z]+:\/\/)([^/@:]*):[^/@]*@/i, '$1$2:***@');
}

export const CLEAN_WORDS: Readonly<Record<'fresh' | 'clean', readonly string[]>> = {
  fresh: ['clean', '--quiet', '-f', '-f', '-d', '-x'],
  clean: ['clean', '--quiet', '-f', '-f', '-d'],
};
