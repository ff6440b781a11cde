import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineReader } from './line-reader.ts';

describe('LineReader', () => {
  it('gives lines and then the rest untouched, whatever the cuts and even at the end of the stream', async () => {
    const bytes = Buffer.from('one\n\nthrée\nrest\n\u0000of it');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
        const stream = new PassThrough();
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        for (const [index, end] of at.slice(1).entries()) stream.write(bytes.subarray(at[index], end));
        stream.end();
        const lines = new LineReader(stream, 100);
        expect([await lines.read(), await lines.read(), await lines.read()]).toEqual(['one', '', 'thrée']);
        const rest: Buffer[] = [];
        for await (const chunk of lines.rest) rest.push(chunk as Buffer);
        expect(Buffer.concat(rest).toString()).toBe('rest\n\u0000of it');
      }),
      { numRuns: 50 },
    );
  });

  it('says null when the stream ends or breaks within a line', async () => {
    const ended = new PassThrough();
    ended.end('half');
    expect(await new LineReader(ended, 100).read()).toBeNull();
    const broken = new PassThrough();
    const reading = new LineReader(broken, 100).read();
    broken.destroy();
    expect(await reading).toBeNull();
  });

  it('gives up when asked, without losing what came', async () => {
    const stream = new PassThrough();
    const lines = new LineReader(stream, 100);
    stream.write('hal');
    await expect(lines.read(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    stream.write('f\n');
    expect(await lines.read()).toBe('half');
  });

  it('refuses a line without end', async () => {
    const stream = new PassThrough();
    const reading = new LineReader(stream, 10).read();
    stream.write('x'.repeat(1000));
    await expect(reading).rejects.toThrow(RangeError);
  });
});
