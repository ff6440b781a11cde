import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Htpasswd, parseHtpasswd } from './htpasswd.ts';

/** Of "correct horse". */
const HASH = '$2y$10$abcdefghijklmnopqrstuOozuv/aF9cWZ/oGiFIS/0s5l23v3dweC';

async function file(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'htpasswd-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'users');
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

describe('a password file', () => {
  it('lets in who knows the password, and nobody else', async () => {
    const passwords = new Htpasswd(await file(`# people\nalice:${HASH}\n`));
    expect(await passwords.check('alice', 'correct horse')).toBe(true);
    expect(await passwords.check('alice', 'correct hors')).toBe(false);
    expect(await passwords.check('alice', '')).toBe(false);
    expect(await passwords.check('bob', 'correct horse')).toBe(false);
  });

  it('is read again when it has changed', async () => {
    const path = await file(`alice:${HASH}\n`);
    const passwords = new Htpasswd(path);
    expect(await passwords.check('alice', 'correct horse')).toBe(true);
    await writeFile(path, `alicia:${HASH}\n`);
    expect(await passwords.check('alice', 'correct horse')).toBe(false);
    expect(await passwords.check('alicia', 'correct horse')).toBe(true);
  });

  it('that everybody on the machine can read lets nobody in', async () => {
    const path = await file(`alice:${HASH}\n`);
    await chmod(path, 0o644);
    await expect(new Htpasswd(path).check('alice', 'correct horse')).rejects.toThrow('open to everybody');
  });

  it.each([
    ['alice:$apr1$salt$hash', 'MD5'],
    ['alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'SHA-1 without salt'],
    ['alice:$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'cost 5, less than 10'],
    ['alice:$2y$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'cost 15, more than 14'],
    ['alice:rqXexS6ZhobKA', 'no hash, or one of the old crypt'],
    ['alice:plain', 'no hash'],
    ['alice:$7$whatever', 'not known here'],
    ['alice', 'expected user:hash'],
    [`alice:${HASH}\nalice:${HASH}`, 'twice'],
  ])('is refused for %j, with the line and the way out, without the hash', (text, why) => {
    expect(() => parseHtpasswd(`\n${text}\n`, 'users')).toThrow(why);
    expect(() => parseHtpasswd(`\n${text}\n`, 'users')).toThrow(/^users:[23]: /);
    expect(() => parseHtpasswd(`\n${text}\n`, 'users')).not.toThrow(text.split(':')[1] ?? '-');
  });
});
