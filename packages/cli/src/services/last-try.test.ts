import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { mergeSettings } from '../config/settings.ts';
import { type LastTry, masterOf, numberAt, readLastTry, rememberTry, settingsAgain } from './last-try.ts';

const last: LastTry = {
  buildSetId: 7,
  master: 'http://a',
  builders: ['linux'],
  properties: { color: 'blue', size: '2' },
  comment: 'once',
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'last-try-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('is read as it was written, the newest alone, with nothing left beside it', async () => {
  const file = join(folder, 'tries', 'x.json');
  await rememberTry(file, { ...last, buildSetId: null });
  await rememberTry(file, last);
  expect(await readLastTry(file)).toEqual(last);
  expect(await readdir(join(folder, 'tries'))).toEqual(['x.json']);
});

it.each([
  [''],
  ['{'],
  ['[]'],
  ['null'],
  ['{"buildSetId":7}'],
  [JSON.stringify({ ...last, builders: [1] })],
  [JSON.stringify({ ...last, properties: { a: 1 } })],
  [JSON.stringify({ ...last, buildSetId: '7' })],
])('is none where the file holds %s', async (text) => {
  const file = join(folder, 'x.json');
  await writeFile(file, text);
  expect(await readLastTry(file)).toBeNull();
});

it('is none without a file, and no failure where none can be written', async () => {
  expect(await readLastTry(join(folder, 'nothing.json'))).toBeNull();
  await writeFile(join(folder, 'tries'), '');
  await rememberTry(join(folder, 'tries', 'x.json'), last);
  expect(await readLastTry(join(folder, 'tries', 'x.json'))).toBeNull();
});

it('counts more than files, and less than the command line', () => {
  const files = { builders: ['mac'], properties: { size: '9', other: '1' }, comment: 'of a file' };
  const given = { properties: { color: 'red' } };
  expect(settingsAgain(mergeSettings(given, files), given, last)).toMatchObject({
    builders: ['linux'],
    properties: { color: 'red', size: '2' },
    comment: 'once',
  });
  const more = { builders: ['win'], comment: 'twice' };
  const settings = settingsAgain(mergeSettings(more, files), more, last);
  expect(settings).toMatchObject({ builders: ['win'], comment: 'twice' });
  expect(settings.properties).toEqual(last.properties);
});

it('has a number at its own master alone', () => {
  expect(numberAt(mergeSettings({ api: 'http://a' }), last)).toBe(7);
  expect(() => numberAt(mergeSettings({ api: 'http://b' }), last)).toThrow('it went to http://a');
  expect(() => numberAt(mergeSettings({ api: 'http://a' }), { ...last, buildSetId: null })).toThrow(
    'no number of it is known',
  );
  const names = [{ host: 'a' }, { host: 'a', port: 23 }, { host: 'a', jobdir: '/x' }];
  expect(new Set(names.map((values) => masterOf(mergeSettings(values)))).size).toBe(3);
});
