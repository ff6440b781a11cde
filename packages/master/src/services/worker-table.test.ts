import type { WorkerResource } from '@buildbot/shared';
import { expect, test } from 'vitest';
import type { Store } from '../ports/store.ts';
import type { ConnectedWorker, WorkerPool } from '../ports/workers.ts';
import { WorkerTable } from './worker-table.ts';

const ROW = {
  ...{ workerid: 1, name: 'w1', paused: false, graceful: false, max_builds: 2, suspect: null },
  ...{ admin_availability: null, availability: 'eager', availability_rule: 'default' },
  ...{ availability_reason: null, availability_until: null },
} as WorkerResource;

const LINK = {
  ...{ workerId: 1, name: 'w1', availability: 'eager', availabilityRule: 'default', load: null },
  ...{ availabilityReason: null, availabilityUntil: null, graceful: false, info: { cpus: 4 } },
} as ConnectedWorker;

/** A table of one worker that is connected, and clocks that a test moves. */
async function setup() {
  const world = { wall: 1_800_000_000_000, monotonic: 0, links: [{ ...LINK }], builds: 0 };
  const clock = { now: () => world.wall, monotonic: () => world.monotonic };
  const store = { query: async () => ({ rows: [ROW] }) } as unknown as Store;
  const pool = { connected: () => world.links } as unknown as WorkerPool;
  const table = new WorkerTable({ store, pool, clock });
  await table.load();
  const look = () => ({ ...table.snapshot(() => world.builds).get(1) });
  return { world, table, look };
}

test('a second look sees what has changed since: the row, the words, the connection, the builds', async () => {
  const { world, table, look } = await setup();
  expect(look()).toMatchObject({ connected: true, availability: 'eager', cpus: 4, maxBuilds: 2, running: 0 });
  world.builds = 1;
  expect(look()).toMatchObject({ running: 1 });
  table.update({ ...ROW, paused: true });
  expect(look()).toMatchObject({ paused: true, connected: true });
  Object.assign(world.links[0] as ConnectedWorker, { availability: 'reluctant', graceful: true });
  table.hear(1);
  expect(look()).toMatchObject({ availability: 'reluctant', graceful: true });
  world.links = [];
  expect(look()).toMatchObject({ connected: false, availability: 'eager', graceful: false, cpus: null });
});

test('the load is seen though nobody was told of it', async () => {
  const { world, look } = await setup();
  expect(look().measuredLoad).toBeNull();
  (world.links[0] as ConnectedWorker).load = 0.75;
  expect(look().measuredLoad).toBe(0.75);
});

test('a suspicion and a silence end with their time', async () => {
  const { world, table, look } = await setup();
  const suspect = { since: 0, until: world.wall / 1000 + 60, reason: 'lost 3 builds in a row' };
  table.update({ ...ROW, suspect } as WorkerResource);
  table.silence(1);
  expect(look()).toMatchObject({ silent: true, suspect: { forMs: 60_000 } });
  world.monotonic += table.nextTryMs() ?? 0;
  world.wall += 30_000;
  expect(look()).toMatchObject({ silent: false, suspect: { forMs: 30_000 } });
  world.wall += 30_000;
  expect(look().suspect).toBeNull();
});

test('a silence ends when the worker is heard of', async () => {
  const { table, look } = await setup();
  table.silence(1);
  expect(look().silent).toBe(true);
  table.hear(1);
  expect(look().silent).toBe(false);
  expect(table.nextTryMs()).toBeNull();
});
