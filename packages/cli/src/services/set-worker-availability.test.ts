import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAdminWord } from '@buildbot/shared';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { AvailabilityWords } from './availability-words.ts';
import { setWorkerAvailability } from './set-worker-availability.ts';

const NOW = new Date(2026, 10, 20, 9, 30).getTime();

let dir: string;
let basedir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'set-availability-'));
  basedir = join(dir, 'w1');
  await mkdir(basedir);
  await writeConfig('');
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
});

const writeConfig = (more: string) =>
  writeFile(join(basedir, 'worker.yaml'), `name: w1\nmaster: ws://m:1\n${more}`);

const set = (words: AvailabilityWords, folder = 'w1') =>
  setWorkerAvailability({ basedir: folder, ...words }, { clock: { now: () => NOW }, cwd: dir, user: 'ann' });

const file = () => readFile(join(basedir, 'availability'), 'utf8');

describe('the word of a worker admin', () => {
  it('is written whole, with who, when and why, and said back', async () => {
    const lines = await set({ availability: 'unavailable', for: '2h', reason: 'maintenance' });
    expect(lines).toEqual(["unavailable (worker's admin: maintenance, until 11:30)"]);
    expect(parseAdminWord(await file())).toEqual({
      ok: true,
      word: {
        ...{ availability: 'unavailable', reason: 'maintenance', by: 'ann' },
        ...{ at: NOW, until: NOW + 7_200_000 },
      },
    });
    expect((await stat(join(basedir, 'availability'))).mode & 0o777).toBe(0o644);
    expect((await readdir(basedir)).toSorted()).toEqual(['availability', 'worker.yaml']);
  });

  it('takes the place of the one before', async () => {
    await set({ availability: 'unavailable', for: '2h', reason: 'maintenance' });
    expect(await set({ availability: 'eager' })).toEqual(["eager (worker's admin)"]);
    expect(parseAdminWord(await file())).toMatchObject({ word: { availability: 'eager', until: null } });
  });

  it('comes with the rules that are lower', async () => {
    await writeConfig(`availability:
  calendar: [{ days: mon-fri, from: "08:00", to: "18:00", be: reluctant, reason: office hours }]
  load: { above: 1.5, be: unavailable }
`);
    expect(await set({ availability: 'eager' })).toEqual([
      "eager (worker's admin)",
      "but a lower rule decides: reluctant (worker's calendar: office hours, until 18:00)",
      'unavailable all the same while its load is above 1.5 (its load rule)',
    ]);
    expect(await set({ availability: 'unavailable' })).toHaveLength(1);
  });

  it('is written also where the configuration cannot be understood', async () => {
    await writeConfig('nonsense: 1\n');
    expect(await set({ availability: 'eager' })).toEqual([
      "eager (worker's admin)",
      expect.stringContaining('is not known: '),
    ]);
    expect(parseAdminWord(await file()).ok).toBe(true);
  });
});

describe.each<[string, AvailabilityWords, string | undefined, object]>([
  [
    'a folder that is no worker',
    { availability: 'eager' },
    '.',
    { message: expect.stringContaining('has no worker.yaml'), exitCode: 2 },
  ],
  [
    'a folder that is not there',
    { availability: 'eager' },
    'w9',
    { message: expect.stringContaining("is no worker's BASEDIR"), exitCode: 2 },
  ],
  ['a misspelt word', { availability: 'eagre' }, undefined, { hint: "Did you mean 'eager'?", exitCode: 2 }],
  [
    'another word',
    { availability: '\u001b[2Jbusy' },
    undefined,
    { message: "'␛[2Jbusy' is no availability", hint: 'Expected eager, reluctant, unavailable.' },
  ],
  [
    'a duration that is none',
    { availability: 'eager', for: 'soon' },
    undefined,
    { message: expect.stringContaining("--for: 'soon' is not a duration"), exitCode: 2 },
  ],
  [
    'no time at all',
    { availability: 'eager', for: '0s' },
    undefined,
    { message: '--for must not be nothing' },
  ],
  [
    'a reason of several lines',
    { availability: 'eager', reason: 'a\nb' },
    undefined,
    { message: expect.stringContaining('one printable line') },
  ],
])('%s', (_, words, folder, error) => {
  it('is refused, and nothing is written', async () => {
    await expect(set(words, folder)).rejects.toMatchObject(error);
    expect(await readdir(basedir)).toEqual(['worker.yaml']);
    expect(await readdir(dir)).toEqual(['w1']);
  });
});

describe('a file that cannot be replaced', () => {
  it('is an error of its own, and leaves nothing behind', async () => {
    await mkdir(join(basedir, 'availability'));
    await expect(set({ availability: 'eager' })).rejects.toMatchObject({ exitCode: 1 });
    expect((await readdir(basedir)).toSorted()).toEqual(['availability', 'worker.yaml']);
  });
});
