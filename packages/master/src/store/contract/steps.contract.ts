/** Steps and the rows of their logs. */
import { EVERYTHING } from '@buildbot/shared';
import { describe, expect, test } from 'vitest';
import { BOOT, logEffect, type MakePlace, World } from './world.contract.ts';

export function stepsContract(makePlace: MakePlace): void {
  describe('steps', () => {
    test('are made once per number', async () => {
      const world = await World.make(makePlace);
      const { buildId } = (await world.build()).build;
      const input = { buildId, number: 0, name: 'test', stateString: 'running' };
      const told = await world.toldBy(async () => {
        const first = await world.store.startStep(input);
        expect(first).toMatchObject({ isNew: true, appends: 0 });
        expect(await world.store.startStep(input)).toEqual({ ...first, isNew: false });
      });
      expect(told.map((path) => path.split('/').at(-1))).toEqual(['new', 'started']);
    });

    test('get a name of their own in the build', async () => {
      const world = await World.make(makePlace);
      const { buildId } = (await world.build()).build;
      for (const number of [0, 1, 2])
        await world.store.startStep({ buildId, number, name: 'test', stateString: '' });
      const { rows } = await world.store.query('steps', EVERYTHING);
      expect(rows.map(({ name }) => name)).toEqual(['test', 'test_1', 'test_2']);
    });

    test('keep state and urls, each url once', async () => {
      const world = await World.make(makePlace);
      const { stepId } = await world.log();
      const addUrl = { name: 'report', url: 'https://example.org/r' };
      await world.store.updateStep(stepId, { addUrl });
      await world.store.updateStep(stepId, { addUrl, stateString: 'half' });
      const { rows } = await world.store.query('steps', EVERYTHING);
      expect(rows[0]).toMatchObject({ urls: [addUrl], state_string: 'half' });
      expect(world.told.at(-1)).toBe(`steps/${stepId}/updated`);
    });

    test('keep the first result', async () => {
      const world = await World.make(makePlace);
      const { stepId } = await world.log();
      const result = { stepId, results: 1 as const, stateString: 'warned', hidden: true };
      expect(await world.store.finishStep(result)).toBe(true);
      expect(await world.store.finishStep({ ...result, results: 2 })).toBe(false);
      const { rows } = await world.store.query('steps', EVERYTHING);
      expect(rows[0]).toMatchObject({ results: 1, hidden: true, complete: true });
    });

    test('make their properties those of the build when they end, once', async () => {
      const world = await World.make(makePlace);
      const { stepId, buildId } = await world.log();
      const end = { stepId, results: 0 as const, stateString: '', hidden: false };
      const told = await world.toldBy(async () => {
        await world.store.finishStep({ ...end, properties: { got: ['abc', 'Git'] } });
        await world.store.finishStep({ ...end, properties: { got: ['other', 'Git'] } });
      });
      expect(told).toEqual([`builds/${buildId}/properties/update`, `steps/${stepId}/finished`]);
      expect(await world.store.buildProperties(buildId)).toMatchObject({ got: ['abc', 'Git'] });
    });

    test("count the master's own texts, and only those", async () => {
      const world = await World.make(makePlace);
      const log = await world.log();
      await world.store.openSession(world.w1, BOOT);
      await world.store.appendLog(log.logId, 'h', Buffer.from('$ make\n'));
      await world.store.appendLog(log.logId, 'h', Buffer.alloc(600_000, 'x'));
      await world.store.commitWorkerEffects(world.w1, BOOT, [logEffect(1, log, 'output')]);
      await world.reopen();
      const { buildId } = log;
      const again = await world.store.startStep({ buildId, number: 0, name: 'test', stateString: '' });
      expect(again).toMatchObject({ stepId: log.stepId, appends: 2 });
    });

    test('open each log once, under an identifier of its own', async () => {
      const world = await World.make(makePlace);
      const { stepId } = await world.log();
      const names = ['stdio', '1 test.log', '1_test.log', '', 'ü'.repeat(60)];
      const logs = [];
      for (const name of names) logs.push(await world.store.addLog({ stepId, name, type: 't' }));
      const slugs = logs.map((log) => log?.slug as string);
      expect(slugs.slice(0, 4)).toEqual(['stdio', '_1_test.log', '_1_test.log_1', '_']);
      expect(new Set(slugs).size).toBe(names.length);
      for (const slug of slugs) expect(slug).toMatch(/^[A-Za-z_-][A-Za-z0-9._-]*$/);
      expect(await world.store.addLog({ stepId, name: '1 test.log', type: 't' })).toEqual(logs[1]);
    });

    test('that are not there take nothing', async () => {
      const { store } = await World.make(makePlace);
      expect(await store.updateStep(9, { stateString: '' })).toBe(false);
      expect(await store.addLog({ stepId: 9, name: 'x', type: 't' })).toBeNull();
      expect(await store.finishLog(9)).toBe(false);
      expect(await store.appendLog(9, 'o', Buffer.from('x'))).toBe(false);
      expect(await store.startStep({ buildId: 9, number: 0, name: 'x', stateString: '' })).toBeNull();
    });
  });
}
