import { randomBytes } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import { zstdFrameProblem } from '@buildbot/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compress } from './output-log.ts';

function expectOneFrame(bytes: Uint8Array): void {
  const frame = compress(bytes);
  expect(zstdFrameProblem(frame, bytes.length)).toBeNull();
  expect(Buffer.from(zstdDecompressSync(frame)).equals(bytes)).toBe(true);
}

test('every chunk becomes exactly one frame, whatever it holds', () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), expectOneFrame));
});

test('a frame of any length is one frame: what compresses to half, and what does not compress at all', () => {
  for (let length = 1; length < 3000; length += 1) {
    const noise = randomBytes(length);
    expectOneFrame(noise);
    // Hexadecimal digits are the text of checksums; they compress to a little more than half.
    expectOneFrame(Buffer.from(noise.toString('hex').slice(0, length)));
  }
  for (const length of [65_536, 131_072, 262_144]) expectOneFrame(randomBytes(length));
});
