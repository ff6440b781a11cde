import { execFileSync } from 'node:child_process';
import {
  chmod,
  link,
  lutimes,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { TryDirectory } from '../ports/try-directory.ts';
import { ownAccount } from './accounts.ts';
import { openTryDirectory } from './directory.ts';
import { isPlainName, namedUser, provenUser } from './file-name.ts';

async function setup(gateways: string[] = []): Promise<TryDirectory> {
  const folder = await mkdtemp(join(tmpdir(), 'try-directory-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return openTryDirectory({ path: join(folder, 'try'), maxJobBytes: 100, gateways: new Set(gateways) });
}

const drop = (directory: TryDirectory, name: string, text = 'job'): Promise<void> =>
  writeFile(join(directory.path, 'new', name), text);

test('makes the folders with the mode of the directory itself', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'try-directory-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o2770);
  await openTryDirectory({ path: folder, maxJobBytes: 100, gateways: new Set() });
  expect((await readdir(folder)).sort()).toEqual(['cur', 'failed', 'new', 'tmp']);
  expect((await stat(join(folder, 'new'))).mode & 0o7777).toBe(0o2770);
});

test('reads a job with its owner as the submitter, before and after it was taken in', async () => {
  const directory = await setup();
  await drop(directory, 'a');
  expect(await directory.read('a')).toMatchObject({ status: 'found', place: 'new', user: ownAccount() });
  await directory.accept('a');
  await directory.accept('a');
  expect(await directory.read('a')).toMatchObject({ status: 'found', place: 'cur' });
  expect(await directory.list()).toEqual([]);
});

test('keeps a refused job with its reason beside it', async () => {
  const directory = await setup();
  await drop(directory, 'a');
  await directory.refuse('a', 'no such builder');
  expect(await directory.read('a')).toEqual({ status: 'failed', reason: 'no such builder' });
  expect(await readFile(join(directory.path, 'failed', 'a.reason'), 'utf8')).toBe('no such builder\n');
});

test('believes a named user only from a gateway account', async () => {
  const honest = await setup([ownAccount()]);
  await drop(honest, 'a,user=alice%40home');
  expect(await honest.read('a,user=alice%40home')).toMatchObject({ status: 'found', user: 'alice@home' });
  const forged = await setup([]);
  await drop(forged, 'a,user=alice');
  expect(await forged.read('a,user=alice')).toMatchObject({
    status: 'bad',
    reason: expect.stringContaining('may not submit in the name of alice'),
  });
});

test.each(['../a', '/etc/passwd', '.hidden', 'a/b', 'a\nb', '', 'x'.repeat(300)])(
  'does not read %j',
  async (name) => {
    expect((await (await setup()).read(name)).status).toBe('bad');
    expect(isPlainName(name)).toBe(false);
  },
);

test('follows no link and waits for no FIFO', async () => {
  const directory = await setup();
  const place = (name: string): string => join(directory.path, 'new', name);
  await symlink('/etc/passwd', place('link'));
  execFileSync('mkfifo', [place('fifo')]);
  await mkdir(place('folder'));
  await drop(directory, 'large', 'x'.repeat(101));
  const reasons = new Map<string, string>();
  for (const name of await directory.list()) {
    const read = await directory.read(name);
    reasons.set(name, 'reason' in read ? read.reason : read.status);
    await directory.refuse(name, 'bad');
  }
  expect(Object.fromEntries(reasons)).toEqual({
    link: 'it is a symbolic link',
    fifo: 'it is not a regular file',
    folder: 'it is not a regular file',
    large: 'it has 101 bytes; this scheduler takes at most 100',
  });
  expect(await directory.list()).toEqual([]);
});

test('writes a reason through no link that a submitter has laid', async () => {
  const directory = await setup();
  const victim = join(directory.path, '..', 'victim');
  await writeFile(victim, 'precious');
  await symlink(victim, join(directory.path, 'failed', 'a.reason'));
  await drop(directory, 'a');
  await directory.refuse('a', 'bad');
  expect(await readFile(victim, 'utf8')).toBe('precious');
  expect(await directory.read('a')).toEqual({ status: 'failed', reason: 'bad' });
  expect((await stat(join(directory.path, 'failed', 'a.reason'))).mode & 0o777).toBe(0o644);
});

test('takes nobody for the submitter of a file that somebody else can have laid or changed', async () => {
  const directory = await setup();
  await drop(directory, 'shared');
  await chmod(join(directory.path, 'new', 'shared'), 0o664);
  await writeFile(join(directory.path, 'theirs'), 'job');
  await link(join(directory.path, 'theirs'), join(directory.path, 'new', 'linked'));
  expect(await directory.read('shared')).toMatchObject({
    status: 'bad',
    reason: expect.stringContaining('others'),
  });
  expect(await directory.read('linked')).toMatchObject({
    status: 'bad',
    reason: expect.stringContaining('hard link'),
  });
});

test('says that a file is gone', async () => {
  expect(await (await setup()).read('nothing')).toEqual({ status: 'gone' });
});

test('takes a user from a file name only when it is well-formed', async () => {
  expect(namedUser('1-a,user=bob')).toBe('bob');
  expect(namedUser('1-a,user=')).toBeNull();
  expect(namedUser('1-a,user=%')).toBeNull();
  expect(namedUser('1-a')).toBeNull();
  expect(provenUser('bob', 'bob', new Set())).toEqual({ user: 'bob' });
});

test('row 35: removes uploads that nobody has added to for long, and nothing else', async () => {
  const directory = await setup();
  const tmp = (name: string): string => join(directory.path, 'tmp', name);
  for (const name of ['old', 'new']) await writeFile(tmp(name), 'half a job');
  await symlink('/etc/passwd', tmp('link'));
  await utimes(tmp('old'), 1000, 1000);
  await lutimes(tmp('link'), 1000, 1000);
  expect(await directory.dropUploads(2_000_000)).toEqual(['old']);
  expect((await readdir(join(directory.path, 'tmp'))).sort()).toEqual(['link', 'new']);
  expect((await stat('/etc/passwd')).isFile()).toBe(true);
});
