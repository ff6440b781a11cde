import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readSettled } from './settled.ts';

async function newFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'settled-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'master.yaml');
  await writeFile(file, text);
  return file;
}

test('row 38: what was read while somebody wrote does not count', async () => {
  const file = await newFile('half');
  const seen: string[] = [];
  const whole = await readSettled(file, async () => {
    const text = await readFile(file, 'utf8');
    seen.push(text);
    if (text === 'half') await writeFile(file, 'half and half');
    return text;
  });
  expect(whole).toBe('half and half');
  expect(seen).toEqual(['half', 'half and half']);
});

test('row 38: nor does a complaint about half a file, nor one that is just being replaced', async () => {
  const file = await newFile('half');
  const read = async (): Promise<string> => {
    const text = await readFile(file, 'utf8');
    if (text !== 'half') return text;
    await writeFile(`${file}.new`, 'replaced');
    await rename(`${file}.new`, file);
    throw new Error('unexpected end');
  };
  expect(await readSettled(file, read)).toBe('replaced');
});

test('a file at rest may be as wrong as it likes', async () => {
  const file = await newFile('wrong');
  await expect(readSettled(file, () => Promise.reject(new Error('line 1')))).rejects.toThrow('line 1');
  await expect(readSettled(`${file}.gone`, () => readFile(`${file}.gone`))).rejects.toThrow('ENOENT');
});
