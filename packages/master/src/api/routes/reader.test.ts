import { EVERYTHING } from '@buildbot/shared';
import { expect, test } from 'vitest';
import type { ApiDeps } from '../deps.ts';
import { createReader } from './reader.ts';

test('while it says of many requests why they wait, the master does other work', async () => {
  const rows = Array.from({ length: 200 }, (_, n) => ({ buildrequestid: n, state: 'pending' }));
  let turns = 0;
  let isOver = false;
  const countTurns = (): void => {
    turns++;
    if (!isOver) setImmediate(countTurns);
  };
  const reader = createReader({
    store: { query: async () => ({ rows, total: rows.length }) },
    queue: { isDraining: false, waitingReason: (id: number) => `${id} waits` },
    forceForms: () => [],
  } as unknown as ApiDeps);
  setImmediate(countTurns);
  const page = await reader.page('buildrequests', { filters: [], keep: null }, EVERYTHING);
  isOver = true;
  expect(page.rows.map((row) => row.waiting_reason)).toEqual(rows.map((_, n) => `${n} waits`));
  expect(turns).toBeGreaterThanOrEqual(3);
});
