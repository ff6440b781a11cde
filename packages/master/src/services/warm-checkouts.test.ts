import { expect, test } from 'vitest';
import { WarmCheckouts } from './warm-checkouts.ts';

test('remembers the newest few workers of each builder, each once', () => {
  const warm = new WarmCheckouts();
  const seen = warm.of(1);
  for (const workerId of [1, 2, 3, 1, 4, 5]) warm.note(1, workerId);
  expect(seen).toEqual([5, 4, 1, 3]);
  expect(warm.of(2)).toEqual([]);
});
