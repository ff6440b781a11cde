/**
 * What was tried last in each working copy, for `try --again`, `try --failed` and `rebuild --failed`: a small file per
 * working copy in the user's state folder. It can be lost without harm; then there is no last try.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '@buildbot/shared';
import type { LoadedSettings } from '../config/load-settings.ts';
import type { Settings, SettingValues } from '../config/settings.ts';
import type { Runtime } from './runtime.ts';
import { startFolder } from './try-source.ts';

export interface LastTry {
  /** Null as long as no master has given it a number. */
  buildSetId: number | null;
  /** The one that took it: the number means nothing to another. */
  master: string;
  /** As they were asked for; none stands for all. */
  builders: readonly string[];
  properties: Readonly<Record<string, string>>;
  comment: string | null;
}

/** The file for the working copy around the current folder; null when there is none. */
export async function lastTryFile(settings: LoadedSettings, runtime: Runtime): Promise<string | null> {
  const { findUpwards, findWorkingCopy, knownVcs } = await import('../vcs/known.ts');
  const { env, tmpdir, stateDir } = runtime.environment;
  const folder = await startFolder(settings, runtime.cwd, findUpwards);
  const found = await findWorkingCopy(knownVcs({ env, tmpdir }), folder, settings.vc);
  if (!found.ok) return null;
  const name = createHash('sha256').update(found.workingCopy.topdir).digest('hex').slice(0, 32);
  return join(stateDir, 'tries', `${name}.json`);
}

/** Null when there is none, or nothing that can be read. */
export async function readLastTry(file: string): Promise<LastTry | null> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    return isLastTry(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError || isFileError(error)) return null;
    throw error;
  }
}

/** A file that cannot be written is no reason for a try to fail. */
export async function rememberTry(file: string, last: LastTry): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    // Two tries of one working copy may run at once: each writes all of it, and the last one counts.
    const part = `${file}.${process.pid}`;
    await writeFile(part, JSON.stringify(last), { mode: 0o600 });
    await rename(part, file);
  } catch (error) {
    if (!isFileError(error)) throw error;
  }
}

/** The last try here. @throws UserError when there is none */
export async function theLastTry(settings: LoadedSettings, runtime: Runtime): Promise<LastTry> {
  const file = await lastTryFile(settings, runtime);
  const last = file === null ? null : await readLastTry(file);
  if (last !== null) return last;
  throw new UserError('no earlier try of this working copy is known', { hint: "'buildbot try' sends one." });
}

/** The number of the last try at the master of these settings. @throws UserError when it has none there */
export function numberAt(settings: Settings, last: LastTry): number {
  const master = masterOf(settings);
  if (last.buildSetId !== null && last.master === master) return last.buildSetId;
  const why = last.master === master ? 'no number of it is known' : `it went to ${last.master}`;
  throw new UserError(`the last try of this working copy cannot be asked for: ${why}`, {
    hint: "'buildbot watch' shows the builds; 'buildbot try --again' sends the same once more.",
  });
}

/** What tells masters apart. */
export function masterOf({ api, host, port, username, jobdir }: Settings): string {
  if (api !== undefined) return api;
  return [username, host, port, jobdir].map((part) => part ?? '').join(' ');
}

/** The settings of the last try, except where the command line says otherwise. */
export function settingsAgain<S extends Settings>(settings: S, given: SettingValues, last: LastTry): S {
  const comment = given.comment ?? last.comment;
  return {
    ...settings,
    builders: given.builders ?? last.builders,
    properties: { ...last.properties, ...given.properties },
    ...(comment === null ? {} : { comment }),
  };
}

function isLastTry(value: unknown): value is LastTry {
  if (typeof value !== 'object' || value === null) return false;
  const { buildSetId, master, builders, properties, comment } = value as Partial<
    Record<keyof LastTry, unknown>
  >;
  return (
    (buildSetId === null || Number.isSafeInteger(buildSetId)) &&
    typeof master === 'string' &&
    Array.isArray(builders) &&
    builders.every((name) => typeof name === 'string') &&
    typeof properties === 'object' &&
    properties !== null &&
    Object.values(properties).every((text) => typeof text === 'string') &&
    (comment === null || typeof comment === 'string')
  );
}

function isFileError(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}
