import { expect, test } from 'vitest';
import { inTurns } from './in-turns.ts';

test('every row is converted once and in order, and others have their turn meanwhile', async () => {
  const rows = Array.from({ length: 1001 }, (_, i) => i);
  let done = 0;
  let seen = 0;
  setImmediate(() => {
    seen = done;
  });
  const doubled = await inTurns(rows, (row) => {
    done++;
    return row * 2;
  });
  expect(doubled).toEqual(rows.map((row) => row * 2));
  expect(seen).toBeGreaterThan(0);
  expect(seen).toBeLessThan(1001);
});

test('of no rows nothing is made', async () => {
  expect(await inTurns([], String)).toEqual([]);
});
