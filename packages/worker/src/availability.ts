/**
 * When this worker may be used, as its own administrator says: one word in a file of BASEDIR. Whoever may write there (a
 * cron job of the machine's owner, for example) needs no network and no password.
 */
import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AVAILABILITIES, type Availability, UserError } from '@buildbot/shared';

const FILE = 'availability';

/** Where file events do not come (network file systems), the file is looked at this often. */
const POLL_MS = 5000;

export interface AvailabilityState {
  availability: Availability;
  /** Which rule decided. */
  rule: string;
}

function isAvailability(word: string): word is Availability {
  return (AVAILABILITIES as readonly string[]).includes(word);
}

/** What the file says now; without a file the worker is eager. Throws `UserError` when it says something else. */
export function readAvailability(basedir: string): AvailabilityState {
  let text: string;
  try {
    text = readFileSync(join(basedir, FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { availability: 'eager', rule: 'default' };
  }
  const word = text.trim();
  if (!isAvailability(word)) {
    throw new UserError(`${join(basedir, FILE)} must hold one of ${AVAILABILITIES.join(', ')}`);
  }
  return { availability: word, rule: "worker's admin" };
}

/** Set it. A running worker tells its master at once; one that is started later begins with it. */
export async function writeAvailability(basedir: string, availability: Availability): Promise<void> {
  const file = join(basedir, FILE);
  const temporary = `${file}.${process.pid}.new`;
  await writeFile(temporary, `${availability}\n`);
  await rename(temporary, file);
}

/** Keeps the newest good state of the file. */
export class AvailabilityWatch {
  readonly #basedir: string;
  readonly #onTrouble: (error: unknown) => void;
  #state: AvailabilityState = { availability: 'eager', rule: 'default' };
  #watcher: FSWatcher | null = null;
  #timer: NodeJS.Timeout | null = null;
  #trouble = '';

  constructor(basedir: string, onTrouble: (error: unknown) => void) {
    this.#basedir = basedir;
    this.#onTrouble = onTrouble;
    this.#read();
  }

  get state(): AvailabilityState {
    return this.#state;
  }

  /** Call `onChange` whenever the file says something new. */
  start(onChange: () => void): void {
    const look = () => {
      const before = this.#state.availability;
      this.#read();
      if (this.#state.availability !== before) onChange();
    };
    this.#watcher = watch(this.#basedir, (_event, name) => {
      if (name === FILE) look();
    });
    this.#watcher.on('error', this.#onTrouble);
    this.#timer = setInterval(look, POLL_MS);
  }

  stop(): void {
    this.#watcher?.close();
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** A file that makes no sense changes nothing, and is complained about once. */
  #read(): void {
    try {
      this.#state = readAvailability(this.#basedir);
      this.#trouble = '';
    } catch (error) {
      if (this.#trouble !== String(error)) this.#onTrouble(error);
      this.#trouble = String(error);
    }
  }
}
