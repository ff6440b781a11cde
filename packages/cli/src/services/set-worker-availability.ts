/**
 * `buildbot set-worker-availability`: writes the word of a worker's admin into the worker's BASEDIR. No network and no
 * running worker is needed; one that runs tells its master at once.
 */
import { chmod, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import {
  ADMIN_FILE,
  type AdminWord,
  type Availability,
  formatAdminWord,
  messageOf,
  RULES,
  sanitizeName,
  UserError,
  untilText,
  verdictText,
} from '@buildbot/shared';
import type { Clock } from '../clock.ts';
import { type AvailabilityWords, parseAvailability } from './availability-words.ts';

export interface SetAvailabilityInput extends AvailabilityWords {
  basedir: string;
}

export interface SetAvailabilityDeps {
  clock: Pick<Clock, 'now'>;
  cwd: string;
  /** Who runs the command, `null` when the system does not know. */
  user: string | null;
}

/** Gives the lines to print. @throws UserError for what cannot be done, with exit code 1 for what the system refused */
export async function setWorkerAvailability(
  input: SetAvailabilityInput,
  { clock, cwd, user }: SetAvailabilityDeps,
): Promise<string[]> {
  const { availability, forMs, reason } = parseAvailability(input);
  const basedir = resolve(cwd, input.basedir);
  await checkBasedir(basedir);
  const now = clock.now();
  const word: AdminWord = {
    ...{ availability, reason, by: user, at: now },
    until: forMs === null ? null : now + forMs,
  };
  await writeWhole(join(basedir, ADMIN_FILE), formatAdminWord(word));
  const verdict = { ...word, rule: RULES.workerAdmin };
  return [
    verdictText(verdict, (at) => untilText(at, now)),
    ...(availability === 'unavailable' ? [] : await lowerRules(basedir, availability, now)),
  ];
}

/** What else has a word in it. Loaded only where something can be lower still: it needs the schemas. */
async function lowerRules(basedir: string, availability: Availability, now: number): Promise<string[]> {
  const { linesOfLowerRules } = await import('./lower-rules.ts');
  return linesOfLowerRules(basedir, availability, now);
}

async function checkBasedir(basedir: string): Promise<void> {
  const shown = sanitizeName(basedir, { maxLength: 500 });
  try {
    await stat(join(basedir, 'worker.yaml'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new UserError(`${shown} is no worker's BASEDIR: it has no worker.yaml`, {
        hint: `A worker is made with: buildbot-worker create ${shown} …`,
      });
    }
    throw refused(shown, error);
  }
}

/** Whoever reads it meanwhile finds the old text or the new one, also after a power failure. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.new`);
  try {
    const file = await open(temporary, 'w', 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    // The worker may run under another account, whatever this one's umask is.
    await chmod(temporary, 0o644);
    await rename(temporary, path);
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw refused(sanitizeName(path, { maxLength: 500 }), error);
  }
}

function refused(path: string, error: unknown): UserError {
  const { code } = error as NodeJS.ErrnoException;
  const isDenied = code === 'EACCES' || code === 'EPERM';
  return new UserError(isDenied ? `you may not write ${path}` : `cannot write ${path}: ${messageOf(error)}`, {
    exitCode: 1,
    cause: error,
    ...(isDenied ? { hint: "It takes the worker's own account, or one that may write its BASEDIR." } : {}),
  });
}
