import { expect, test } from 'vitest';
import { failPointAt } from './fail-point.ts';

/** How often a daemon that comes to `told` was killed. */
function kills(wanted: string | undefined, told: string[]): number {
  let count = 0;
  const failPoint = failPointAt(wanted, () => count++);
  for (const name of told) failPoint(name);
  return count;
}

test.each([
  [undefined, ['a', 'b'], 0],
  ['', ['', 'a'], 0],
  ['a', ['b'], 0],
  ['a', ['b', 'a'], 1],
  ['a', ['a', 'a'], 1],
  ['a@3', ['a', 'b', 'a'], 0],
  ['a@3', ['a', 'b', 'a', 'a', 'a'], 1],
])('asked for %j, after %j a daemon was killed %i times', (wanted, told, times) => {
  expect(kills(wanted, told)).toBe(times);
});
