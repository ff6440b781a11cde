/**
 * The environment and settings that git runs with. What says *where* the repository is, or lets git reach it, is the
 * user's; what would change the form of an answer, run a program of the user's on the side, or write to the repository
 * is not.
 */

import { devNull } from 'node:os';

/** The variables that tie a command to one repository; a submodule must be entered without them. */
const REPOSITORY_VARIABLES = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_COMMON_DIR',
  'GIT_INDEX_FILE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
];

/** `GIT_*` variables that are passed on. A hook runs with some of them, and `buildbot try` may be called from a hook. */
const KEPT = new Set([
  ...REPOSITORY_VARIABLES,
  'GIT_CEILING_DIRECTORIES',
  'GIT_DISCOVERY_ACROSS_FILESYSTEM',
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_SYSTEM',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_CONFIG_PARAMETERS',
  'GIT_EXEC_PATH',
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_SSH_VARIANT',
]);

export function gitEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (!entry[0].startsWith('GIT_') || isKept(entry[0])),
  );
  return {
    ...Object.fromEntries(kept),
    LC_ALL: 'C',
    LANGUAGE: 'C',
    // No command may write to the index merely because it read it.
    GIT_OPTIONAL_LOCKS: '0',
    // A replaced commit is replaced in this clone only: the master has the original.
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_TERMINAL_PROMPT: '0',
  };
}

function isKept(name: string): boolean {
  return KEPT.has(name) || /^GIT_CONFIG_(COUNT|KEY_\d+|VALUE_\d+)$/.test(name);
}

export function withoutRepository(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !REPOSITORY_VARIABLES.includes(name)));
}

/** Stronger than every configuration file. */
const SETTINGS = {
  // `post-index-change` would run for our temporary index.
  'core.hooksPath': devNull,
  // Empty means off to every version of git; `false` was once the name of a program.
  'core.fsmonitor': '',
  // A split index would be written beside the user's own.
  'core.splitIndex': 'false',
  'core.untrackedCache': 'false',
  // `true` refuses files with mixed line ends; what is written is what `git commit` would write anyway.
  'core.safecrlf': 'false',
  'core.quotePath': 'true',
  'core.compression': '-1',
  'core.looseCompression': '1',
  'diff.suppressBlankEmpty': 'false',
  'submodule.recurse': 'false',
  'gc.auto': '0',
  'maintenance.auto': 'false',
};

export const SETTING_ARGS: readonly string[] = Object.entries(SETTINGS).flatMap(([key, value]) => [
  '-c',
  `${key}=${value}`,
]);
