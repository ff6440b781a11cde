/** Builds from claim to end, and the fence that stands behind the end. */
import { EVERYTHING, FAILURE, SUCCESS, WARNINGS } from '@buildbot/shared';
import { describe, expect, test } from 'vitest';
import { COMMAND, type MakePlace, World } from './world.contract.ts';

export function buildsContract(makePlace: MakePlace): void {
  describe('builds', () => {
    test('keep state and properties, the later value winning', async () => {
      const world = await World.make(makePlace);
      const { buildId } = (await world.build({ who: ['alice', 'try'] })).build;
      const told = await world.toldBy(async () => {
        expect(await world.store.setBuildState(buildId, 'building')).toBe(true);
        const beginning = { recipe: '{}', properties: { who: ['bob', 'Build'], n: [1, 'Build'] } } as const;
        expect(await world.store.beginBuild(buildId, beginning as never)).toMatchObject({ buildId });
      });
      expect(told).toEqual([`builds/${buildId}/update`, `builds/${buildId}/properties/update`]);
      expect(world.events.at(-1)?.body).toEqual({ who: ['bob', 'Build'], n: [1, 'Build'] });
      expect((await world.store.build(buildId))?.stateString).toBe('building');
      expect(await world.store.buildProperties(buildId)).toMatchObject({
        who: ['bob', 'Build'],
        n: [1, 'Build'],
      });
    });

    test('keep any number of properties', async () => {
      const world = await World.make(makePlace);
      const { buildId } = (await world.build({ who: ['alice', 'try'] })).build;
      const many = Object.fromEntries(
        Array.from({ length: 100 }, (_, n) => [`p${n}`, [n, 'Build'] as const]),
      );
      const properties = { who: ['alice', 'try'], ...many } as never;
      await world.store.beginBuild(buildId, { recipe: '{}', properties });
      expect(await world.store.buildProperties(buildId)).toMatchObject(properties);
    });

    test('are taken up by the next master, whatever it is called, with all they have behind them', async () => {
      const world = await World.make(makePlace);
      const claimed = await world.build({ who: ['alice', 'try'] });
      const { buildId } = claimed.build;
      await world.store.beginBuild(buildId, { recipe: 'as it was', properties: {} });
      const log = await world.log(claimed);
      const end = { stepId: log.stepId, results: SUCCESS, stateString: 'ok', hidden: false } as const;
      await world.store.finishStep({ ...end, properties: { got: ['it', 'Git'] } });
      await world.reopen();
      const { masterId } = await world.store.registerMaster('renamed:/srv/master');
      const [taken, ...others] = await world.store.takeUpBuilds(masterId);
      expect(others).toEqual([]);
      expect(taken).toMatchObject({
        build: { ...claimed.build, masterId },
        request: claimed.request,
        buildSet: claimed.buildSet,
        recipe: 'as it was',
        properties: { who: ['alice', 'try'], got: ['it', 'Git'] },
        steps: [{ number: 0, results: SUCCESS }],
      });
      const { rows } = await world.store.query('masters', EVERYTHING);
      expect(rows.filter(({ active }) => active).map(({ masterid }) => masterid)).toEqual([masterId]);
      const requests = (await world.store.query('buildrequests', EVERYTHING)).rows;
      expect(requests[0]).toMatchObject({ claimed: true, claimed_by_masterid: masterId });
    });

    test('keep the first order to stop', async () => {
      const world = await World.make(makePlace);
      const { buildId } = (await world.build()).build;
      const order = { by: 'alice', reason: 'enough', at: 7 };
      expect(await world.store.orderStop(buildId, order)).toBe('ordered');
      expect(await world.store.orderStop(buildId, { ...order, by: 'bob' })).toBe('ordered');
      expect((await world.store.build(buildId))?.stop).toEqual(order);
      await world.finish(buildId, 6);
      expect(await world.store.orderStop(buildId, order)).toBe('complete');
      expect(await world.store.orderStop(999, order)).toBe('unknown');
    });

    test('end with their unfinished steps and logs, in one order of events', async () => {
      const world = await World.make(makePlace);
      const claimed = await world.build();
      const { buildId } = claimed.build;
      const log = await world.log(claimed);
      await world.store.appendLog(log.logId, 'o', Buffer.from('one\ntwo'));
      world.clock.advance(1500);
      const told = await world.toldBy(() => world.finish(buildId, FAILURE));
      expect(told).toEqual([
        `logs/${log.logId}/finished`,
        `steps/${log.stepId}/finished`,
        `builds/${buildId}/finished`,
        `buildrequests/${claimed.request.requestId}/complete`,
        `buildsets/${claimed.buildSet.buildSetId}/complete`,
      ]);
      expect(await world.store.log(log.logId)).toMatchObject({ complete: true, lines: 2, bytes: 7 });
      expect(await world.store.build(buildId)).toMatchObject({
        results: FAILURE,
        completeAt: world.clock.now(),
      });
      expect(await world.store.takeUpBuilds(world.masterId)).toEqual([]);
      const { rows } = await world.store.query('steps', EVERYTHING);
      expect(rows[0]).toMatchObject({ complete: true, results: FAILURE });
    });

    test('take nothing any more once they are finished', async () => {
      const world = await World.make(makePlace);
      const { store } = world;
      const claimed = await world.build();
      const { buildId } = claimed.build;
      const log = await world.log(claimed);
      expect(await world.finish(buildId)).toBe(true);
      const told = await world.toldBy(async () => {
        const { stepId, logId } = log;
        const late = [
          await world.finish(buildId, FAILURE),
          await store.setBuildState(buildId, 'late'),
          await store.beginBuild(buildId, { recipe: '', properties: { late: [1, 'x'] } }),
          await store.startStep({ buildId, number: 1, name: 'late', stateString: '' }),
          await store.updateStep(stepId, { stateString: 'late' }),
          await store.finishStep({
            stepId,
            results: 2,
            stateString: 'late',
            hidden: true,
            properties: { late: [2, 'x'] },
          }),
          await store.addLog({ stepId, name: 'late', type: 't' }),
          await store.appendLog(logId, 'o', Buffer.from('late')),
          await store.finishLog(logId),
          await store.putCommand(`${buildId}.1.0.0`, buildId, COMMAND),
        ];
        expect(late.every((answer) => answer === false || answer === null)).toBe(true);
      });
      expect(told).toEqual([]);
      expect(await store.build(buildId)).toMatchObject({ results: SUCCESS, stateString: 'done' });
      expect(await store.log(log.logId)).toMatchObject({ bytes: 0 });
    });

    test('that passed tell how long they took, the newest first', async () => {
      const world = await World.make(makePlace);
      for (const [seconds, results] of [
        [1, SUCCESS],
        [2, FAILURE],
        [3, WARNINGS],
      ] as const) {
        const { buildId } = (await world.build()).build;
        const step = await world.store.startStep({ buildId, number: 0, name: 'make', stateString: '' });
        world.clock.advance(seconds * 1000);
        await world.store.finishStep({
          stepId: step?.stepId as number,
          results,
          stateString: '',
          hidden: false,
        });
        world.clock.advance(500);
        await world.finish(buildId, results);
      }
      expect(await world.store.pastBuilds(world.linux, 10)).toEqual([
        { totalMs: 3500, steps: [{ name: 'make', durationMs: 3000 }] },
        { totalMs: 1500, steps: [{ name: 'make', durationMs: 1000 }] },
      ]);
      expect(await world.store.pastBuilds(world.linux, 1)).toHaveLength(1);
      expect(await world.store.pastBuilds(world.mac, 1)).toEqual([]);
    });

    test('never took negative time, whatever the clock did', async () => {
      const world = await World.make(makePlace);
      const { buildId } = (await world.build()).build;
      world.clock.advance(-86_400_000);
      await world.finish(buildId);
      expect((await world.store.pastBuilds(world.linux, 1))[0]?.totalMs).toBe(0);
    });
  });
}
