/**
 * A password file as Apache's `htpasswd -B` writes it: `user:hash` lines. Only bcrypt with a cost that slows guessing
 * down counts; a weaker hash is an error of the file, and nobody in such a file gets in before it is put right.
 */
import { timingSafeEqual } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { messageOf, UserError } from '@buildbot/shared';
import { bcrypt, bcryptSettings } from './bcrypt.ts';

/** Below it a stolen file is soon read; above it a login takes seconds and is a way to keep the master busy. */
const [LEAST_COST, MOST_COST] = [10, 14];
const HINT = 'make it again: htpasswd -B -C 12 FILE USER';

/** What a wrong user name is checked against, so that it takes as long as a wrong password. No password gives this. */
function hashOfNobody(users: ReadonlyMap<string, string>): string {
  const [cost = '12'] = [...users.values()].map((hash) => hash.slice(4, 6));
  return `$2b$${cost}$${'.'.repeat(53)}`;
}

/** What kind of hash that is too weak it seems to be, for the one who has to replace it. */
function weaknessOf(hash: string): string | null {
  const settings = bcryptSettings(hash);
  if (settings !== null) {
    if (settings.cost < LEAST_COST) return `bcrypt with cost ${settings.cost}, less than ${LEAST_COST}`;
    return settings.cost > MOST_COST ? `bcrypt with cost ${settings.cost}, more than ${MOST_COST}` : null;
  }
  if (hash.startsWith('$apr1$') || hash.startsWith('$1$')) return 'MD5, which is soon guessed';
  if (hash.startsWith('{SHA}')) return 'SHA-1 without salt, which is soon guessed';
  return hash.startsWith('$') ? 'of a kind that is not known here' : 'no hash, or one of the old crypt';
}

/** Users and their hashes. Throws `UserError` with the line that is wrong; never with what stands in it. */
export function parseHtpasswd(text: string, file: string): Map<string, string> {
  const users = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, user, hash] = /^([^:\p{C}]{1,200}):(\S+)\s*$/u.exec(line) ?? [];
    const refuse = (why: string) => new UserError(`${file}:${index + 1}: ${why}`, { hint: HINT });
    if (user === undefined || hash === undefined) throw refuse('expected user:hash');
    if (users.has(user)) throw refuse(`"${user}" is there twice`);
    const weakness = weaknessOf(hash);
    if (weakness !== null) throw refuse(`the password of "${user}" is ${weakness}`);
    users.set(user, hash);
  }
  return users;
}

async function matches(password: string, hash: string): Promise<boolean> {
  const settings = bcryptSettings(hash);
  if (settings === null) return false;
  const made = Buffer.from(await bcrypt(password, settings));
  const kept = Buffer.from(hash.slice(-31));
  return made.length === kept.length && timingSafeEqual(made, kept);
}

/** Reads the file again whenever it has changed. */
export class Htpasswd {
  readonly #path: string;
  #stamp = '';
  #users: ReadonlyMap<string, string> = new Map();

  constructor(path: string) {
    this.#path = path;
  }

  /** Whether this is the password of the user. Rejects with `UserError` when the file is not fit to be used. */
  async check(user: string, password: string): Promise<boolean> {
    await this.refresh();
    const hash = this.#users.get(user);
    const isRight = await matches(password, hash ?? hashOfNobody(this.#users));
    return isRight && hash !== undefined;
  }

  async refresh(): Promise<void> {
    try {
      const { mtimeMs, size, ino, mode } = await stat(this.#path);
      if ((mode & 0o007) !== 0) {
        throw new UserError(`${this.#path} is open to everybody on this machine`, {
          hint: `chmod 640 ${this.#path}`,
        });
      }
      const stamp = [mtimeMs, size, ino].join(' ');
      if (stamp === this.#stamp) return;
      this.#users = parseHtpasswd(await readFile(this.#path, 'utf8'), this.#path);
      this.#stamp = stamp;
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`cannot read the password file: ${messageOf(error)}`, { cause: error });
    }
  }
}
