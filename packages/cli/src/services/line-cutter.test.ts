import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineCutter } from './line-cutter.ts';

const newline = 0x0a;
/** Chunks with lines of any bytes, now and then one that is longer than what is kept back. */
const chunks = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.uint8Array({ maxLength: 40 }) },
    {
      weight: 8,
      arbitrary: fc.string({ unit: 'binary', maxLength: 20 }).map((text) => Buffer.from(`${text}\n`)),
    },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 150_000 }).map((length) => Buffer.alloc(length, 'é')) },
  ),
  { maxLength: 12 },
);

describe('a log that is cut at its lines', () => {
  it('loses, repeats and reorders no byte, whatever chunks it comes in', () => {
    fc.assert(
      fc.property(chunks, (given) => {
        const cutter = new LineCutter();
        const pieces = [...given.map((chunk) => cutter.push(chunk)), cutter.end()];
        expect(Buffer.concat(pieces).equals(Buffer.concat(given))).toBe(true);
      }),
    );
  });

  it('ends each piece at a line, or within one that is too long to be kept back', () => {
    fc.assert(
      fc.property(chunks, (given) => {
        const cutter = new LineCutter();
        let held = 0;
        for (const chunk of given) {
          const piece = cutter.push(chunk);
          const all = held + chunk.length;
          held = all - piece.length;
          if (piece.length > 0 && piece.at(-1) !== newline) expect(piece.length).toBeGreaterThan(64 * 1024);
          expect(held).toBeLessThanOrEqual(64 * 1024);
        }
      }),
    );
  });

  it('cuts no character of a line that is too long', () => {
    const text = '€'.repeat(100_000);
    const cutter = new LineCutter();
    const bytes = Buffer.from(text);
    const pieces = [
      cutter.push(bytes.subarray(0, 70_001)),
      cutter.push(bytes.subarray(70_001)),
      cutter.end(),
    ];
    expect(pieces.map((piece) => new TextDecoder('utf-8', { fatal: true }).decode(piece)).join('')).toBe(
      text,
    );
    expect(pieces[0]?.length).toBe(69_999);
  });
});
