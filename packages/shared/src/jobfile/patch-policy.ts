/**
 * Which names and links a stranger's patch may bring into a tree (reliability.md class 10, bad inputs 25-27). Git refuses
 * much of this by itself, older versions less; a patch is judged here before anything is queued. Names are latin1
 * strings, one character for each byte.
 */

const MAX_NAME_BYTES = 4096;
const MAX_COMPONENT_BYTES = 255;

/** `.git` and what Windows takes for it: `.GIT`, `.git.`, `.git `, `git~1`, `.git::$INDEX_ALLOCATION`. */
const GIT_FOLDER = /^(?:\.git|git~1)[ .]*(?::.*)?$/s;
/** Characters that macOS ignores when it compares names. */
const IGNORED_BY_MAC = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** Why the name must not be touched, or undefined. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (name.includes('\0')) return 'holds a NUL byte';
  if (name.length > MAX_NAME_BYTES) return `is longer than ${MAX_NAME_BYTES} bytes`;
  if (isAbsolute(name)) return 'is absolute';
  for (const component of name.split('/')) {
    const problem = componentProblem(component);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Absolute on any system that may build: `/x`, `\x`, `C:\x`. */
export function isAbsolute(name: string): boolean {
  return /^(?:[\\/]|[A-Za-z]:[\\/])/.test(name);
}

function componentProblem(component: string): string | undefined {
  if (component === '' || component === '.') return `has an empty folder name or '.' in it`;
  if (component.length > MAX_COMPONENT_BYTES) return `has a part of more than ${MAX_COMPONENT_BYTES} bytes`;
  // A backslash is a letter on Unix and a separator on Windows: the parts must be fit both ways.
  for (const part of component.split('\\')) {
    if (/^\.\.[ .]*$/.test(part)) return `leaves the tree by '..'`;
    if (isGitFolder(part)) return `reaches into '.git'`;
  }
  return undefined;
}

function isGitFolder(part: string): boolean {
  return GIT_FOLDER.test(utf8Of(part).replace(IGNORED_BY_MAC, '').toLowerCase());
}

/**
 * Why a symbolic link `name` to `target` leads out of the tree, or undefined. `..` is let through only at the beginning of a
 * target, where it is sure to mean the folders that the link itself lies in; after a name it may start from another link.
 */
export function linkProblem(name: string, target: string): string | undefined {
  if (target === '') return 'has no target';
  if (/[\0\n]/.test(target)) return 'has a NUL byte or a newline in its target';
  if (isAbsolute(target)) return 'points to an absolute path';
  const parts = target.split(/[\\/]/).filter((part) => part !== '' && part !== '.');
  const named = parts.findIndex((part) => part !== '..');
  const ups = named === -1 ? parts.length : named;
  if (ups > name.split('/').length - 1) return 'points out of the tree';
  const rest = parts.slice(ups);
  if (rest.includes('..')) return `has '..' after a name in its target`;
  return rest.some(isGitFolder) ? `points into '.git'` : undefined;
}

/** One spelling for all names that some file system takes for the same one: letter case and Unicode form are free. */
export function foldName(name: string): string {
  return utf8Of(name).normalize('NFC').toLowerCase();
}

/** The latin1 string's bytes read as UTF-8, damage shown as U+FFFD. */
export function utf8Of(name: string): string {
  return /^[\x20-\x7e]*$/.test(name) ? name : Buffer.from(name, 'latin1').toString('utf8');
}
