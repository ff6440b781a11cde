import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLine } from './line-reader.ts';

test('gives the line and leaves every byte behind it in the stream, however it was cut', async () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(cuts, fc.uint8Array({ maxLength: 30 }), async (sizes, tail) => {
      const stream = new PassThrough();
      const bytes = Buffer.concat([Buffer.from('{"ok":true}\n'), tail]);
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length] as number;
        stream.write(bytes.subarray(at, at + size));
        at += size;
      }
      stream.end();
      expect(await readLine(stream, 100)).toBe('{"ok":true}');
      const rest: Buffer[] = [];
      for await (const chunk of stream) rest.push(chunk);
      expect(Buffer.concat(rest)).toEqual(Buffer.from(tail));
    }),
  );
});

test('says that the stream ended before the line did', async () => {
  const stream = new PassThrough();
  stream.end('half a li');
  expect(await readLine(stream, 100)).toBeNull();
});

test('refuses a line without end', async () => {
  const stream = new PassThrough();
  stream.write('x'.repeat(200));
  await expect(readLine(stream, 100)).rejects.toThrow('longer than 100 bytes');
});

test('waits for a line that comes later', async () => {
  const stream = new PassThrough();
  const line = readLine(stream, 100);
  stream.write('late');
  stream.write('r\nnext\n');
  expect(await line).toBe('later');
  expect(await readLine(stream, 100)).toBe('next');
});

test('gives up when asked, without losing what came', async () => {
  const stream = new PassThrough();
  stream.write('hal');
  const enough = new AbortController();
  const reading = readLine(stream, 100, enough.signal);
  enough.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
  await expect(readLine(stream, 100, AbortSignal.abort(new Error('at once')))).rejects.toThrow('at once');
  stream.write('f\n');
  expect(await readLine(stream, 100)).toBe('half');
});

test('says at once that a stream has ended or broken before', async () => {
  const ended = new PassThrough();
  ended.end('one\n');
  expect(await readLine(ended, 100)).toBe('one');
  expect(await readLine(ended, 100)).toBeNull();
  expect(await readLine(ended, 100)).toBeNull();
  const broken = new PassThrough();
  const reading = readLine(broken, 100);
  broken.destroy();
  expect(await reading).toBeNull();
});
