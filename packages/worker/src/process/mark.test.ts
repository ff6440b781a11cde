import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Marks } from './mark.ts';

test('marks of one worker differ, belong to it, and survive the arithmetic of limits', () => {
  fc.assert(
    fc.property(fc.string(), (basedir) => {
      const marks = new Marks(basedir);
      const made = Array.from({ length: 50 }, () => marks.next());
      expect(new Set(made.map(({ token }) => token)).size).toBe(50);
      expect(new Set(made.map(({ fileSizeBlocks }) => fileSizeBlocks)).size).toBe(50);
      for (const { token, fileSizeBlocks } of made) {
        expect(token.startsWith(marks.worker.tokenPrefix)).toBe(true);
        expect(token).not.toContain(':');
        expect(fileSizeBlocks).toBeGreaterThanOrEqual(marks.worker.fromBlocks);
        expect(fileSizeBlocks).toBeLessThan(marks.worker.toBlocks);
        expect(BigInt(fileSizeBlocks * 512)).toBe(BigInt(fileSizeBlocks) * 512n);
        expect(BigInt(fileSizeBlocks) * 512n).toBeLessThan(2n ** 62n);
      }
    }),
  );
});
