/** Forgetting what is old. */
import { EVERYTHING } from '@buildbot/shared';
import { describe, expect, test } from 'vitest';
import type { RetentionLimits } from '../../ports/records.ts';
import { bytesOf, COMMAND, type MakePlace, STAMP, World } from './world.contract.ts';

const NOTHING: RetentionLimits = {
  ...{ buildsBefore: null, logsBefore: null, eventsBefore: null, sessionsBefore: null },
  batch: 100,
};
const DAY = 86_400_000;

/** A finished build of its own with a log, and a patch of the given text if any. */
async function oldBuild(
  world: World,
  patch?: string,
): Promise<{ buildId: number; logId: number; patchId: number | null }> {
  const body = patch === undefined ? null : Buffer.from(patch);
  const stamp = {
    ...STAMP,
    patch: body && { level: 1, subdir: '', author: '', comment: '', tree: null, body },
  };
  const { requests } = await world.store.addBuildSet(
    world.buildSet({ sourceStamps: [stamp], properties: { a: [1, 'x'] } }),
  );
  const claimed = await world.claim(requests[0]?.requestId as number);
  if (claimed === null) throw new Error('not claimed');
  const log = await world.log(claimed);
  await world.store.putCommand(`${log.buildId}.1.0.0`, log.buildId, COMMAND);
  await world.store.appendLog(log.logId, 'o', Buffer.from('text\n'));
  await world.finish(log.buildId);
  return { ...log, patchId: claimed.buildSet.sourceStamps[0]?.patch?.patchId ?? null };
}

const RESOURCES = ['builds', 'buildrequests', 'buildsets', 'steps', 'logs', 'sourcestamps'] as const;

async function counts(world: World): Promise<number[]> {
  const totals = [];
  for (const resource of RESOURCES) totals.push((await world.store.query(resource, EVERYTHING)).total);
  return totals;
}

export function retentionContract(makePlace: MakePlace): void {
  describe('retention', () => {
    test('forgets old builds with all that hangs on them, and only those', async () => {
      const world = await World.make(makePlace);
      const old = await oldBuild(world, 'old patch');
      world.clock.advance(DAY);
      const young = await oldBuild(world);
      const removed = await world.store.cleanUp({ ...NOTHING, buildsBefore: world.clock.now() });
      expect(removed).toEqual({ builds: 1, logs: 0, events: 0 });
      expect(await counts(world)).toEqual([1, 1, 1, 1, 1, 1]);
      expect(await world.store.build(old.buildId)).toBeNull();
      expect(await world.store.patchBody(old.patchId as number)).toBeNull();
      expect((await bytesOf(world.store.readLog(young.logId, 0))).toString()).toBe('text\n');
    });

    test('never gives a number of a forgotten build again', async () => {
      const world = await World.make(makePlace);
      await oldBuild(world);
      await world.store.cleanUp({ ...NOTHING, buildsBefore: world.clock.now() + 1 });
      await world.reopen();
      expect((await world.build()).build).toMatchObject({ number: 2, buildId: 2 });
    });

    test('keeps a patch that a younger build set has too', async () => {
      const world = await World.make(makePlace);
      await oldBuild(world, 'same patch');
      world.clock.advance(DAY);
      const young = await oldBuild(world, 'same patch');
      await world.store.cleanUp({ ...NOTHING, buildsBefore: world.clock.now() });
      const body = await world.store.patchBody(young.patchId as number);
      expect(Buffer.from(body ?? []).toString()).toBe('same patch');
    });

    test('keeps the builds of a request that still goes on', async () => {
      const world = await World.make(makePlace);
      const { build } = await world.build();
      await world.store.finishBuild({
        buildId: build.buildId,
        results: 5,
        stateString: 'worker lost',
        infrastructure: true,
        request: { kind: 'retry', notBefore: null },
        worker: null,
      });
      const removed = await world.store.cleanUp({ ...NOTHING, buildsBefore: world.clock.now() + 1 });
      expect(removed.builds).toBe(0);
      expect(await world.store.pendingRequests()).toHaveLength(1);
    });

    test('forgets old requests that were cancelled before any build', async () => {
      const world = await World.make(makePlace);
      const requestId = await world.request();
      await world.store.cancelRequest(requestId, { by: 'alice', reason: '', at: 0 });
      await world.store.cleanUp({ ...NOTHING, buildsBefore: world.clock.now() + 1 });
      expect(await counts(world)).toEqual([0, 0, 0, 0, 0, 0]);
    });

    test('forgets at most a batch in one round, the oldest first', async () => {
      const world = await World.make(makePlace);
      for (let i = 0; i < 3; i++) {
        await oldBuild(world);
        world.clock.advance(1000);
      }
      const limits = { ...NOTHING, buildsBefore: world.clock.now(), batch: 2 };
      expect((await world.store.cleanUp(limits)).builds).toBe(2);
      expect((await world.store.query('builds', EVERYTHING)).rows.map(({ buildid }) => buildid)).toEqual([3]);
      expect((await world.store.cleanUp(limits)).builds).toBe(1);
    });

    test('removes old logs but keeps their rows, marked', async () => {
      const world = await World.make(makePlace);
      const { logId } = await oldBuild(world);
      const removed = await world.store.cleanUp({ ...NOTHING, logsBefore: world.clock.now() + 1 });
      expect(removed).toEqual({ builds: 0, logs: 1, events: 0 });
      expect(await world.store.log(logId)).toMatchObject({ type: 'd', bytes: 0, lines: 0 });
      expect(await bytesOf(world.store.readLog(logId, 0))).toHaveLength(0);
      expect((await world.store.cleanUp({ ...NOTHING, logsBefore: world.clock.now() + 1 })).logs).toBe(0);
    });

    test('forgets old events without a gap, and goes on numbering where it was', async () => {
      const world = await World.make(makePlace);
      await world.request();
      world.clock.advance(DAY);
      await world.request();
      const { newest } = await world.store.eventRange();
      await world.store.cleanUp({ ...NOTHING, eventsBefore: world.clock.now() });
      expect(await world.store.eventRange()).toEqual({ oldest: newest - 1, newest });
      await world.store.cleanUp({ ...NOTHING, eventsBefore: world.clock.now() + DAY });
      expect(await world.store.eventRange()).toEqual({ oldest: newest, newest });
      await world.request();
      expect((await world.store.eventRange()).newest).toBe(newest + 2);
    });

    test('forgets sessions that ended long ago, and never one that goes on', async () => {
      const world = await World.make(makePlace);
      const standing = async (boot: string) => (await world.store.openSession(world.w1, boot)).standing;
      for (const boot of ['a', 'b', 'c']) {
        expect(await standing(boot)).toBe('new');
        world.clock.advance(DAY);
      }
      // `a` ended two days ago, `b` one.
      await world.store.cleanUp({ ...NOTHING, sessionsBefore: world.clock.now() - DAY });
      expect([await standing('b'), await standing('c')]).toEqual(['superseded', 'known']);
      world.clock.advance(100 * DAY);
      await world.store.cleanUp({ ...NOTHING, sessionsBefore: world.clock.now() });
      expect([await standing('c'), await standing('a')]).toEqual(['known', 'new']);
    });

    test('does nothing without limits', async () => {
      const world = await World.make(makePlace);
      await oldBuild(world);
      expect(await world.store.cleanUp(NOTHING)).toEqual({ builds: 0, logs: 0, events: 0 });
    });
  });
}
