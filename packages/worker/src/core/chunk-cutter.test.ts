import type { Stream } from '@buildbot/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Chunk, ChunkCutter } from './chunk-cutter.ts';

const pieces = fc.array(
  fc.oneof(
    fc.tuple(fc.constantFrom<Stream>('o', 'e'), fc.uint8Array({ maxLength: 40 })),
    fc.constant<[Stream, Uint8Array]>(['o', new Uint8Array([10, 10, 65])]),
    fc.constant('flush' as const),
  ),
);

/** Run the pieces through a cutter, copying each chunk because its bytes are only lent. */
function cut(input: ([Stream, Uint8Array] | 'flush')[], chunkBytes: number): Chunk[] {
  const chunks: Chunk[] = [];
  const emit = (chunk: Chunk) => chunks.push({ ...chunk, bytes: chunk.bytes.slice() });
  const cutter = new ChunkCutter(chunkBytes);
  for (const piece of input) {
    if (piece === 'flush') cutter.flush(emit);
    else cutter.push(piece[0], piece[1], emit);
  }
  cutter.flush(emit);
  expect(cutter.isWaiting).toBe(false);
  return chunks;
}

test('no byte is lost, doubled or moved to another stream, however it arrives', () => {
  fc.assert(
    fc.property(pieces, fc.integer({ min: 1, max: 50 }), (input, chunkBytes) => {
      const expected = input.flatMap((piece) =>
        piece === 'flush' ? [] : [...piece[1]].map((byte) => `${piece[0]}${byte}`),
      );
      const actual = cut(input, chunkBytes).flatMap((chunk) => {
        let at = 0;
        return chunk.runs.flatMap(([stream, length]) => {
          at += length;
          return [...chunk.bytes.subarray(at - length, at)].map((byte) => `${stream}${byte}`);
        });
      });
      expect(actual).toEqual(expected);
    }),
  );
});

test('every chunk keeps its limit, its runs add up and alternate, and its line breaks are counted', () => {
  fc.assert(
    fc.property(pieces, fc.integer({ min: 1, max: 50 }), (input, chunkBytes) => {
      for (const { bytes, runs, newlines } of cut(input, chunkBytes)) {
        expect(bytes.length).toBeGreaterThan(0);
        expect(bytes.length).toBeLessThanOrEqual(chunkBytes);
        expect(runs.reduce((sum, [, length]) => sum + length, 0)).toBe(bytes.length);
        expect(runs.some(([stream], index) => stream === runs[index + 1]?.[0])).toBe(false);
        expect(newlines).toBe(bytes.filter((byte) => byte === 10).length);
      }
    }),
  );
});
