/** Masters, builders, workers and schedulers. */
import { EVERYTHING } from '@buildbot/shared';
import { describe, expect, test } from 'vitest';
import { INVENTORY, type MakePlace, World } from './world.contract.ts';

export function inventoryContract(makePlace: MakePlace): void {
  describe('inventory', () => {
    test('gives the same ids to the same names after a restart', async () => {
      const world = await World.make(makePlace);
      const before = { ...world };
      await world.reopen();
      expect([world.masterId, world.linux, world.mac, world.w1]).toEqual([
        before.masterId,
        before.linux,
        before.mac,
        before.w1,
      ]);
    });

    test('answers what it registered in the order of the inventory', async () => {
      const { store } = await World.make(makePlace);
      const registered = await store.register({ ...INVENTORY, builders: [...INVENTORY.builders].reverse() });
      expect(registered.builders.map(({ name }) => name)).toEqual(['mac', 'linux']);
      expect(registered.builders[1]).toMatchObject({
        description: 'On Linux',
        tags: ['fast', 'main'],
        configured: true,
      });
      expect(registered.workers[0]).toMatchObject({
        name: 'w1',
        maxBuilds: 2,
        tags: ['x64'],
        availability: 'eager',
      });
    });

    test('keeps a builder that left the configuration, but not as a configured one', async () => {
      const { store, masterId } = await World.make(makePlace);
      await store.register({
        ...INVENTORY,
        builders: INVENTORY.builders.slice(0, 1),
        eligible: [['linux', 'w1']],
      });
      const { rows } = await store.query('builders', EVERYTHING);
      expect(rows.map(({ name, masterids }) => [name, masterids])).toEqual([
        ['linux', [masterId]],
        ['mac', []],
      ]);
    });

    test('tells of workers that the configuration changes or takes out, and of no others', async () => {
      const world = await World.make(makePlace);
      const { store, w1, w2 } = world;
      expect(await world.toldBy(() => store.register(INVENTORY))).toEqual([]);
      const [first] = INVENTORY.workers.map((worker) => ({ ...worker, maxBuilds: 7 }));
      const workers = first === undefined ? [] : [first];
      const eligible: [string, string][] = [['linux', 'w1']];
      const told = await world.toldBy(() => store.register({ ...INVENTORY, workers, eligible }));
      expect(told).toEqual([`workers/${w1}/state_updated`, `workers/${w2}/state_updated`]);
      const bodies = world.events.slice(-2).map(({ body }) => body);
      expect(bodies).toMatchObject([{ max_builds: 7 }, { configured_on: [] }]);
    });

    test('says of each worker what it may build', async () => {
      const { store, linux, mac, masterId } = await World.make(makePlace);
      const { rows } = await store.query('workers', EVERYTHING);
      expect(rows.map((worker) => worker.configured_on)).toEqual([
        [{ masterid: masterId, builderid: linux }],
        [
          { masterid: masterId, builderid: linux },
          { masterid: masterId, builderid: mac },
        ],
      ]);
    });

    test('tells when a worker comes, changes and goes, and nothing when nothing changed', async () => {
      const world = await World.make(makePlace);
      const { store, w1 } = world;
      const told = await world.toldBy(async () => {
        await store.setWorkerState(w1, { connected: true });
        await store.setWorkerState(w1, { connected: true });
        await store.setWorkerState(w1, { availability: 'reluctant', availabilityRule: 'load' });
        await store.setWorkerState(w1, { paused: true, graceful: true });
        await store.setWorkerState(w1, { connected: false });
      });
      expect(told).toEqual([
        `workers/${w1}/connected`,
        `workers/${w1}/state_updated`,
        `workers/${w1}/state_updated`,
        `workers/${w1}/disconnected`,
      ]);
      const { rows } = await store.query('workers', EVERYTHING);
      const expected = { availability: 'reluctant', availability_rule: 'load', paused: true, graceful: true };
      expect(rows[0]).toMatchObject(expected);
    });

    test('says since when a worker is away, for those that were here once', async () => {
      const { store, w1 } = await World.make(makePlace);
      const awaySince = async () => (await store.query('workers', EVERYTHING)).rows[0]?.away_since;
      expect(await awaySince()).toBeNull();
      await store.setWorkerState(w1, { connected: true });
      await store.setWorkerState(w1, { connected: false });
      const since = await awaySince();
      expect(since).toBeGreaterThan(0);
      await store.setWorkerState(w1, { paused: true });
      expect(await awaySince()).toBe(since);
      await store.setWorkerState(w1, { connected: true });
      expect(await awaySince()).toBeNull();
    });

    test("keeps the admin's word apart from the worker's, shows the lower, and takes it back", async () => {
      const world = await World.make(makePlace);
      const { w1 } = world;
      const own = {
        availabilityRule: "worker's calendar",
        availabilityReason: 'office',
        availabilityUntil: 5000,
      };
      const admin = { reason: 'maintenance', by: 'ann', at: 1000, until: 9_000_000 };
      const shown = async () => {
        const { rows } = await world.store.query('workers', EVERYTHING);
        const { availability, availability_rule, availability_reason, availability_until } = rows[0] ?? {};
        return [availability, availability_rule, availability_reason, availability_until];
      };
      await world.store.setWorkerState(w1, { availability: 'reluctant', ...own });
      await world.store.setWorkerState(w1, { admin: { ...admin, availability: 'unavailable' } });
      await world.reopen();
      expect(await shown()).toEqual(['unavailable', "master's admin", 'maintenance', 9000]);
      const { rows } = await world.store.query('workers', EVERYTHING);
      expect(rows[0]?.admin_availability).toEqual({
        ...admin,
        availability: 'unavailable',
        at: 1,
        until: 9000,
      });
      await world.store.setWorkerState(w1, { admin: { ...admin, availability: 'reluctant' } });
      expect(await shown()).toEqual(['reluctant', "worker's calendar", 'office', 5]);
      await world.store.setWorkerState(w1, { admin: null });
      const told = await world.toldBy(() => world.store.setWorkerState(w1, { admin: null }));
      expect(told).toEqual([]);
      expect((await world.store.query('workers', EVERYTHING)).rows[0]?.admin_availability).toBeNull();
    });

    test('keeps what a worker says of itself', async () => {
      const { store, w1 } = await World.make(makePlace);
      const info = { admin: 'a@b', host: 'h', accessUri: null, version: '1', system: 'linux x64', cpus: 4 };
      await store.setWorkerState(w1, { info });
      const { rows } = await store.query('workers', EVERYTHING);
      expect(rows[0]?.workerinfo).toEqual({ admin: 'a@b', host: 'h', access_uri: null, version: '1' });
    });

    test('takes workers that a crashed master left connected as gone', async () => {
      const world = await World.make(makePlace);
      await world.store.setWorkerState(world.w1, { connected: true });
      await world.reopen();
      const { rows } = await world.store.query('workers', EVERYTHING);
      expect(rows[0]?.connected_to).toEqual([]);
    });

    test('counts the builds that run on a worker', async () => {
      const world = await World.make(makePlace);
      const { build } = await world.build();
      const running = async () => (await world.store.query('workers', EVERYTHING)).rows[0]?.running_builds;
      expect(await running()).toBe(1);
      await world.finish(build.buildId);
      expect(await running()).toBe(0);
    });

    test('keeps whether a scheduler is enabled over restarts, and tells', async () => {
      const world = await World.make(makePlace);
      const { rows } = await world.store.query('schedulers', EVERYTHING);
      const id = rows[0]?.schedulerid as number;
      const told = await world.toldBy(() => world.store.setSchedulerEnabled(id, false));
      expect(told).toEqual([`schedulers/${id}/updated`]);
      await world.reopen();
      expect((await world.store.query('schedulers', EVERYTHING)).rows[0]?.enabled).toBe(false);
    });

    test('says once of a master that it drains, until it has stopped and is back', async () => {
      const world = await World.make(makePlace);
      const { store, masterId } = world;
      const draining = async () => (await world.store.query('masters', EVERYTHING)).rows[0]?.draining;
      const told = await world.toldBy(async () => {
        await store.masterDraining(masterId);
        await store.masterDraining(masterId);
      });
      expect(told).toEqual([`masters/${masterId}/draining`]);
      expect(world.events.at(-1)?.body).toMatchObject({ active: true, draining: true });
      expect(await draining()).toBe(true);
      await store.masterStopped(masterId);
      expect(await draining()).toBe(false);
      await store.masterDraining(masterId);
      await world.reopen();
      expect(await draining()).toBe(false);
    });

    test('says of a silent worker since when, until it is heard or gone', async () => {
      const world = await World.make(makePlace);
      const { store, w1 } = world;
      const since = async () => (await store.query('workers', EVERYTHING)).rows[0]?.silent_since;
      const silent = { silentAt: world.clock.now() };
      await store.setWorkerState(w1, { connected: false });
      expect(await world.toldBy(() => store.setWorkerState(w1, silent))).toEqual([]);
      await store.setWorkerState(w1, { connected: true });
      const told = await world.toldBy(async () => {
        await store.setWorkerState(w1, silent);
        await store.setWorkerState(w1, { silentAt: silent.silentAt + 1 });
      });
      expect(told).toEqual([`workers/${w1}/silent`]);
      expect(await since()).toBe(Math.floor(silent.silentAt / 1000));
      expect(await world.toldBy(() => store.setWorkerState(w1, { silentAt: null }))).toEqual([
        `workers/${w1}/heard`,
      ]);
      await store.setWorkerState(w1, silent);
      await store.setWorkerState(w1, { connected: false });
      expect(await since()).toBeNull();
    });

    test('says of a master that stopped that it is not active', async () => {
      const world = await World.make(makePlace);
      const told = await world.toldBy(() => world.store.masterStopped(world.masterId));
      expect(told).toEqual([`masters/${world.masterId}/stopped`]);
      expect((await world.store.query('masters', EVERYTHING)).rows[0]?.active).toBe(false);
    });
  });
}
