import { constants, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { zstdFrameProblem } from './zstd-frame.ts';

const compress = (raw: Uint8Array, checksum: boolean) =>
  zstdCompressSync(raw, { params: { [constants.ZSTD_c_checksumFlag]: checksum ? 1 : 0 } });

const rawBytes = fc.oneof(
  fc.uint8Array({ min: 0, max: 255, minLength: 1, maxLength: 5000 }),
  fc.integer({ min: 1, max: 262_144 }).map((length) => new Uint8Array(length).fill(65)),
);

test('every frame that zstd makes is one whole frame of its size', () => {
  fc.assert(
    fc.property(rawBytes, fc.boolean(), (raw, checksum) => {
      expect(zstdFrameProblem(compress(raw, checksum), raw.length)).toBeNull();
    }),
  );
});

test('a frame of another size, cut short or with something behind it is refused', () => {
  fc.assert(
    fc.property(rawBytes, fc.nat(), (raw, cut) => {
      const frame = compress(raw, true);
      expect(zstdFrameProblem(frame, raw.length + 1)).toContain('not');
      expect(zstdFrameProblem(frame.subarray(0, cut % frame.length), raw.length)).not.toBeNull();
      expect(zstdFrameProblem(Buffer.concat([frame, frame]), raw.length)).toContain('one whole');
    }),
  );
});

test('arbitrary bytes never throw', () => {
  const magic = Buffer.from('28b52ffd', 'hex');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(() => zstdFrameProblem(bytes, 10)).not.toThrow();
      expect(() => zstdFrameProblem(Buffer.concat([magic, bytes]), 10)).not.toThrow();
    }),
  );
});
