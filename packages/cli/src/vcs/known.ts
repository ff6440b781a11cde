/** The version control systems this program knows, and which of them a folder belongs to. */

import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createGitVcs } from './git/git.ts';
import type { Refusal, Vcs, VcsDeps, WorkingCopy } from './port.ts';

export function knownVcs(deps: VcsDeps): readonly Vcs[] {
  return [createGitVcs(deps)];
}

export type FoundWorkingCopy =
  | { readonly ok: true; readonly vcs: Vcs; readonly workingCopy: WorkingCopy }
  | Refusal;

/**
 * The working copy around `dir`. Of two systems whose working copies lie in one another the inner one is meant.
 * `name` limits the search to one system.
 */
export async function findWorkingCopy(
  systems: readonly Vcs[],
  dir: string,
  name?: string,
): Promise<FoundWorkingCopy> {
  const asked = name === undefined ? systems : systems.filter((vcs) => vcs.name === name);
  if (asked.length === 0) return unknownSystem(systems, name ?? '');
  const answers = await Promise.all(asked.map(async (vcs) => ({ vcs, answer: await vcs.detect(dir) })));
  const found = answers.flatMap(({ vcs, answer }) =>
    answer?.ok ? [{ ok: true as const, vcs, workingCopy: answer }] : [],
  );
  const inner = found.sort((a, b) => b.workingCopy.topdir.length - a.workingCopy.topdir.length)[0];
  const refusal = answers.map(({ answer }) => answer).find((answer) => answer?.ok === false);
  return inner ?? (refusal?.ok === false ? refusal : noWorkingCopy(asked, dir));
}

function unknownSystem(systems: readonly Vcs[], name: string): Refusal {
  const known = systems.map((vcs) => vcs.name).join(', ');
  return {
    ok: false,
    reason: `${JSON.stringify(name)} is no version control system known here`,
    hint: `use ${known}`,
  };
}

function noWorkingCopy(systems: readonly Vcs[], dir: string): Refusal {
  return {
    ok: false,
    reason: `${dir} is in no working copy of ${systems.map((vcs) => vcs.name).join(', ')}`,
    hint: 'run buildbot try in a working copy, or send a diff with --diff FILE',
  };
}

/** How many folders upwards `findUpwards` looks: as many as Buildbot's `--topfile`. */
const MAX_LEVELS = 20;

/** The nearest folder from `dir` upwards that holds `name`; null when none does. */
export async function findUpwards(dir: string, name: string): Promise<string | null> {
  let folder = resolve(dir);
  for (let level = 0; level < MAX_LEVELS; level += 1) {
    if (await exists(join(folder, name))) return folder;
    const parent = dirname(folder);
    if (parent === folder) return null;
    folder = parent;
  }
  return null;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
