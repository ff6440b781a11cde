import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readCounts, sinceRoot } from './pid-window.ts';

const PID_MAX = 4096;

test('every process that was started since is within, however the numbers go round', () => {
  const fork = fc.boolean();
  fc.assert(
    fc.property(
      fc.integer({ min: 301, max: PID_MAX - 1 }),
      fc.uniqueArray(fc.integer({ min: 301, max: PID_MAX - 1 }), { maxLength: 40 }),
      fc.array(fork, { maxLength: 5000 }),
      (root, others, stays) => {
        const inUse = new Set([...others, root]);
        const before = { forks: 7, threads: inUse.size, lastPid: root, pidMax: PID_MAX };
        const young = [root];
        let cursor = root;
        for (const stay of stays) {
          do cursor = cursor + 1 >= PID_MAX ? 300 : cursor + 1;
          while (inUse.has(cursor));
          if (!stay || young.length > 100) continue;
          inUse.add(cursor);
          young.push(cursor);
        }
        const now = { ...before, forks: 7 + stays.length, threads: inUse.size, lastPid: cursor };
        expect(young.filter((pid) => !sinceRoot(root, before, now)(pid))).toEqual([]);
      },
    ),
  );
});

test('older processes are outside, and all are within when nothing is known or the numbers may have gone round', () => {
  const before = { forks: 100, threads: 50, lastPid: 2000, pidMax: PID_MAX };
  const shortly = sinceRoot(2000, before, { ...before, forks: 110, lastPid: 2012 });
  expect([1999, 2000, 2012, 2013].map(shortly)).toEqual([false, true, true, false]);
  const round = sinceRoot(2000, before, { ...before, forks: 1600, lastPid: 310 });
  expect([305, 311, 1999, 2001].map(round)).toEqual([true, false, false, true]);
  expect(sinceRoot(2000, before, { ...before, forks: 5000, lastPid: 2012 })(7)).toBe(true);
  expect(sinceRoot(2000, null, before)(7)).toBe(true);
});

test('what this machine counts can be read', () => {
  const counts = readCounts();
  expect(counts).toMatchObject({ forks: expect.any(Number), threads: expect.any(Number) });
  expect(Object.values(counts ?? {}).every((count) => count > 0)).toBe(true);
});
