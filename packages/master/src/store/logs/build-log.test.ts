import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BuildLog, type NewChunk } from './build-log.ts';
import { compress } from './compression.ts';

async function chunk(text: string, logId = 1): Promise<NewChunk> {
  const raw = Buffer.from(text);
  const newlines = text.split('\n').length - 1;
  return { logId, length: raw.length, newlines, runs: [['o', raw.length]], payload: await compress(raw) };
}

async function newPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'build-log-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, '0', '1.log');
}

function opened(path: string): BuildLog {
  const file = new BuildLog(path);
  onTestFinished(() => file.close());
  return file;
}

/** Append and let it count; answers the new length. */
async function write(file: BuildLog, length: number, ...texts: string[]): Promise<number> {
  const appended = await file.append(length, await Promise.all(texts.map((text) => chunk(text))));
  file.publish(appended);
  return appended.length;
}

async function text(file: BuildLog, length: number, logId = 1): Promise<string> {
  let all = '';
  for (const found of (await file.index(length)).chunks(logId))
    all += (await file.content(found)).bytes.toString();
  return all;
}

describe('the log file of a build', () => {
  test('holds what was appended, for its owner only', async () => {
    const path = await newPath();
    const file = opened(path);
    const length = await write(file, 0, 'one\n', 'two\n');
    expect(await text(file, length)).toBe('one\ntwo\n');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
    expect((await stat(path)).size).toBe(length);
  });

  test('does not show what was not committed, and writes over it', async () => {
    const file = opened(await newPath());
    const length = await write(file, 0, 'kept\n');
    await file.append(length, [await chunk(`${'lost'.repeat(1000)}\n`)]);
    expect(await text(file, length)).toBe('kept\n');
    const after = await write(file, length, 'next\n');
    expect(await text(file, after)).toBe('kept\nnext\n');
  });

  test('row 21: survives a torn tail at every byte of the last record', async () => {
    const path = await newPath();
    const writer = opened(path);
    const length = await write(writer, 0, 'kept\n');
    await writer.append(length, [await chunk('torn\n')]);
    const whole = await readFile(path);
    for (let cut = length; cut <= whole.length; cut++) {
      await writeFile(path, whole.subarray(0, cut));
      const file = new BuildLog(path);
      expect((await file.repair(length)).length).toBe(length);
      expect((await stat(path)).size).toBe(length);
      expect(await text(file, await write(file, length, 'again\n'))).toBe('kept\nagain\n');
      await file.close();
    }
  });

  test('says what is left when the disk lost what counted', async () => {
    const path = await newPath();
    const writer = opened(path);
    const first = await write(writer, 0, 'kept\n');
    const second = await write(writer, first, 'lost\n');
    for (let cut = first; cut < second; cut++) {
      await truncate(path, second);
      await truncate(path, cut);
      const file = new BuildLog(path);
      await expect(file.append(second, [await chunk('x')])).rejects.toThrow(
        /good bytes, the database counts/,
      );
      expect((await file.repair(second)).length).toBe(first);
      await file.close();
    }
  });

  test('refuses to hand out bytes that are not what was written', async () => {
    const path = await newPath();
    const file = opened(path);
    const length = await write(file, 0, 'good\n', 'flipped\n');
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(length - 3) ^ 1, length - 3);
    await writeFile(path, bytes);
    await expect(text(file, length)).rejects.toThrow(
      /bytes 5 to 13 of a log cannot be read: its checksum is wrong/,
    );
  });

  test('is read with its side file, and without it just the same', async () => {
    const path = await newPath();
    const file = opened(path);
    let length = 0;
    const lines = Array.from({ length: 50 }, (_, i) => `line ${i}\n`);
    for (const line of lines) length = await write(file, length, line);
    await file.append(length, [await chunk('never committed')]);
    await file.seal(length);
    expect((await stat(path)).size).toBe(length);
    expect((await stat(`${path}.idx`)).mode & 0o777).toBe(0o600);
    expect(await text(opened(path), length)).toBe(lines.join(''));
    await rm(`${path}.idx`);
    expect(await text(opened(path), length)).toBe(lines.join(''));
    await writeFile(`${path}.idx`, 'garbage');
    expect(await text(opened(path), length)).toBe(lines.join(''));
  });

  test('gives a writer the whole index although a reader knew an older length', async () => {
    const path = await newPath();
    const first = opened(path);
    const before = await write(first, 0, 'one\n');
    const length = await write(first, before, 'two\n');
    const file = opened(path);
    expect((await file.index(before)).length).toBe(before);
    expect(await text(file, await write(file, length, 'three\n'))).toBe('one\ntwo\nthree\n');
  });

  test('does one piece of work at a time, also after one that failed', async () => {
    const file = opened(await newPath());
    const order: string[] = [];
    const first = file.exclusive(async () => {
      await Promise.resolve();
      order.push('first');
      throw new Error('failed');
    });
    const second = file.exclusive(async () => order.push('second'));
    await expect(first).rejects.toThrow('failed');
    await second;
    expect(order).toEqual(['first', 'second']);
  });

  test('goes with its side file', async () => {
    const path = await newPath();
    const file = opened(path);
    await write(file, 0, 'x');
    await file.unlink();
    await expect(stat(path)).rejects.toThrow('ENOENT');
    await file.unlink();
  });
});
