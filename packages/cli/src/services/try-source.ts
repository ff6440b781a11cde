/** What is to be tried: a snapshot of the working copy, or a diff that was handed over. */
import { resolve } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { sanitizeName, UserError } from '@buildbot/shared';
import type { LoadedSettings } from '../config/load-settings.ts';
import type { Refusal, TrySource } from '../vcs/port.ts';
import type { Runtime } from './runtime.ts';

/** Flags that only `try` has. */
export interface TrySourceWishes {
  /** A file with a diff, `-` for standard input. */
  diff?: string | undefined;
  patchlevel?: number | undefined;
  baserev?: string | undefined;
  staged: boolean;
  pathspecs: readonly string[];
  /** The master clones this very working copy (`--local`). */
  historyFrom: 'remotes' | 'here';
}

/**
 * What chooses among the files of a working copy means nothing for a diff. `untracked` is what the flag says: a file of
 * settings speaks of working copies alone. @throws UserError naming the first such wish
 */
export function refuseChoiceOfDiff(
  { diff, staged, pathspecs }: Omit<TrySourceWishes, 'historyFrom'>,
  untracked: boolean | undefined,
): void {
  if (diff === undefined) return;
  const wishes: readonly [boolean, string][] = [
    [staged, '--staged'],
    [untracked !== undefined, untracked ? '--untracked' : '--no-untracked'],
    [pathspecs.length > 0, `the path '${sanitizeName(pathspecs[0] ?? '')}'`],
  ];
  const wish = wishes.find(([isGiven]) => isGiven)?.[1];
  if (wish === undefined) return;
  throw new UserError(`${wish} cannot go with --diff: a diff is sent as it is`, {
    hint: 'Leave one of them out, or make the diff of just what is to be tried.',
  });
}

/** @throws UserError when there is nothing that can be tried, with what to do about it. */
export async function readTrySource(
  wishes: TrySourceWishes,
  settings: LoadedSettings,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<TrySource> {
  if (wishes.diff !== undefined) return givenDiff(wishes, settings, runtime, signal);
  const [{ findUpwards, findWorkingCopy, knownVcs }, { whyNotSendable }] = await Promise.all([
    import('../vcs/known.ts'),
    import('../vcs/sendable.ts'),
  ]);
  const { environment } = runtime;
  const cwd = await startFolder(settings, runtime.cwd, findUpwards);
  const found = await findWorkingCopy(
    knownVcs({ env: environment.env, tmpdir: environment.tmpdir }),
    cwd,
    settings.vc,
  );
  if (!found.ok) throw refused(found);
  const taken = await found.vcs.snapshot({
    dir: cwd,
    untracked: settings.untracked,
    staged: wishes.staged,
    pathspecs: wishes.pathspecs,
    branch: settings.branch,
    baseRevision: wishes.baserev,
    repository: settings.repository,
    historyFrom: wishes.historyFrom,
    signal,
  });
  if (!taken.ok) throw refused(taken);
  const refusal = whyNotSendable(taken.snapshot);
  if (refusal !== null) throw refused(refusal);
  return taken.snapshot;
}

/** Where the working copy is looked for. @throws UserError when the file that marks its top is nowhere */
export async function startFolder(
  { topdir, topfile, treeDir }: LoadedSettings,
  cwd: string,
  findUpwards: (dir: string, name: string) => Promise<string | null>,
): Promise<string> {
  if (topdir !== undefined) return resolve(treeDir ?? cwd, topdir);
  if (topfile === undefined) return cwd;
  const top = await findUpwards(cwd, topfile);
  if (top === null) throw new UserError(`no folder from ${cwd} upwards holds '${topfile}'`);
  return top;
}

async function givenDiff(
  { diff = '-', patchlevel, baserev }: TrySourceWishes,
  settings: LoadedSettings,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<TrySource> {
  const { readGivenDiff } = await import('../vcs/given-diff.ts');
  const { vc: vcs, repository, branch } = settings;
  const baseRevision = baserev === undefined ? undefined : await givenRevision(baserev, settings, runtime);
  const options = { vcs, repository, branch, baseRevision, patchLevel: patchlevel };
  const { cwd, stdin } = runtime;
  // A pipe that is still read keeps the process alive after it was given up.
  if (diff === '-') addAbortSignal(signal, stdin);
  const taken = await readGivenDiff({ name: diff, cwd, stdin }, options);
  if (!taken.ok) throw refused(taken);
  return taken.source;
}

/** Revisions of other systems are numbers that mean the same everywhere. */
async function givenRevision(
  name: string,
  settings: LoadedSettings,
  { environment, cwd }: Runtime,
): Promise<string> {
  if (settings.vc !== undefined && settings.vc !== 'git') return name;
  const [{ findUpwards, knownVcs }, { resolveGivenRevision }] = await Promise.all([
    import('../vcs/known.ts'),
    import('../vcs/given-revision.ts'),
  ]);
  const dir = await startFolder(settings, cwd, findUpwards);
  const systems = knownVcs({ env: environment.env, tmpdir: environment.tmpdir });
  const found = await resolveGivenRevision(systems, dir, name);
  if (!found.ok) throw refused(found);
  return found.revision;
}

function refused({ reason, hint }: Refusal): UserError {
  return new UserError(reason, { hint });
}
