/** Events: written with what they tell, numbered without gaps, told after the commit. */
import { describe, expect, test } from 'vitest';
import { type MakePlace, World } from './world.contract.ts';

export function eventsContract(makePlace: MakePlace): void {
  describe('events', () => {
    test('of a build come in the order of its life, under all of its paths', async () => {
      const world = await World.make(makePlace);
      const told = await world.toldBy(async () => {
        const log = await world.log();
        await world.store.setBuildState(log.buildId, 'building');
        await world.store.finishLog(log.logId);
        await world.store.finishStep({ stepId: log.stepId, results: 0, stateString: 'ok', hidden: false });
        await world.finish(log.buildId);
      });
      expect(told).toEqual([
        'buildsets/1/new',
        'buildrequests/1/new',
        'buildrequests/1/claimed',
        'builds/1/new',
        'steps/1/new',
        'steps/1/started',
        'logs/1/new',
        'builds/1/update',
        'logs/1/finished',
        'steps/1/finished',
        'builds/1/finished',
        'buildrequests/1/complete',
        'buildsets/1/complete',
      ]);
      const finished = world.events.find(({ paths }) => paths[0] === 'builds/1/finished');
      expect(finished?.paths).toEqual([
        'builds/1/finished',
        `builders/${world.linux}/builds/1/finished`,
        `workers/${world.w1}/builds/1/finished`,
      ]);
      expect(finished?.body).toMatchObject({ buildid: 1, complete: true, results: 0, state_string: 'done' });
      expect(finished?.at).toBe(world.clock.now());
    });

    test('are kept as they were told, numbered without gaps', async () => {
      const world = await World.make(makePlace);
      await Promise.all(Array.from({ length: 40 }, () => world.request()));
      const first = world.events[0]?.number as number;
      const stored = await world.store.eventsAfter(first - 1, 1000);
      expect(stored).toEqual(world.events);
      expect(stored.map(({ number }) => number)).toEqual(stored.map((_, i) => first + i));
      expect(await world.store.eventsAfter(first + 3, 2)).toEqual(world.events.slice(4, 6));
    });

    test('say which of them are kept', async () => {
      const world = await World.make(makePlace);
      await world.request();
      const newest = world.events.at(-1)?.number;
      expect(await world.store.eventRange()).toEqual({ oldest: 1, newest });
      expect(await world.store.eventsAfter(newest as number, 10)).toEqual([]);
    });

    test('are durable when their verb is', async () => {
      const world = await World.make(makePlace);
      await world.request();
      const before = world.events.at(-1);
      await world.reopen();
      expect(await world.store.eventsAfter((before?.number as number) - 1, 1)).toEqual([before]);
    });

    test('of a verb that fails are not written', async () => {
      const world = await World.make(makePlace);
      const bad = world.buildSet({ builderIds: [world.linux, 999] });
      const told = await world.toldBy(() => expect(world.store.addBuildSet(bad)).rejects.toThrow());
      expect(told).toEqual([]);
      expect(await world.store.pendingRequests()).toEqual([]);
    });

    test('are not told to a listener that left, and a listener that throws hurts nobody', async () => {
      const world = await World.make(makePlace);
      let heard = 0;
      const leave = world.store.onCommit(() => {
        heard += 1;
        throw new Error('listener');
      });
      await world.request();
      leave();
      await world.request();
      expect(heard).toBe(1);
      expect(world.told).toHaveLength(4);
    });
  });
}
