/**
 * Reads a file that somebody may be writing right now. Half a YAML file can be a sound one that lacks the last builders:
 * what was read counts only if the file stayed as it was for a moment before and until the end of reading.
 */
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, UserError } from '@buildbot/shared';

/** A file that nobody touches for so long is not in the middle of being written. Milliseconds. */
const QUIET_MS = 300;
/** Then whoever asked is told that it does not come to rest. */
const MOST_LOOKS = 30;

/** What `read` makes of the file. Its failure counts, too, only if the file was at rest. */
export async function readSettled<T>(file: string, read: () => Promise<T>): Promise<T> {
  for (let look = 0; look < MOST_LOOKS; look++) {
    const before = await stampOf(file);
    await delay(QUIET_MS);
    const outcome = await read().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    if ((await stampOf(file)) !== before) continue;
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }
  throw new UserError(`${file} is being written all the time`, { hint: 'try again when it is complete' });
}

/** Which file it is and when it was changed: one that is replaced, grown or rewritten has another. */
async function stampOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return messageOf(error);
  }
}
