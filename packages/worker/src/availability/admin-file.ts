/** The word of the worker's admin in `BASEDIR/availability`, written by `buildbot set-worker-availability`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADMIN_FILE, type AdminWord, parseAdminWord, UserError } from '@buildbot/shared';

/** `null` when there is no file. Throws `UserError` when it makes no sense, and what the system says when it cannot be read. */
export function readAdminFile(basedir: string): AdminWord | null {
  const path = join(basedir, ADMIN_FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const parsed = parseAdminWord(text);
  if (parsed.ok) return parsed.word;
  throw new UserError(`${path}: ${parsed.reason}`, {
    hint: `set it with: buildbot set-worker-availability ${basedir} eager`,
  });
}
