/** How workers stand: builds they lost, suspicion and trust, and being missing. */
import { EVERYTHING, EXCEPTION, RETRY, SUCCESS } from '@buildbot/shared';
import { describe, expect, test } from 'vitest';
import { DEFAULT_SUSPECT_POLICY } from '../../core/suspect.ts';
import type { ClaimedBuild } from '../../ports/records.ts';
import { type MakePlace, World } from './world.contract.ts';

const policy = DEFAULT_SUSPECT_POLICY;
const LOST = { kind: 'lost', reason: 'it is gone', policy } as const;

async function lose(world: World, { build }: ClaimedBuild): Promise<void> {
  await world.store.finishBuild({
    buildId: build.buildId,
    results: RETRY,
    stateString: 'lost',
    infrastructure: true,
    request: { kind: 'retry', notBefore: null },
    worker: LOST,
  });
}

/** A build that begins after all that happened before, and is lost. */
async function loseOne(world: World): Promise<void> {
  world.clock.advance(1000);
  const claimed = await world.build();
  world.clock.advance(1000);
  await lose(world, claimed);
}

/** A build whose step breaks: its end is not the worker's. */
async function breakOne(world: World): Promise<void> {
  const { build } = await world.build();
  world.clock.advance(1000);
  await world.store.finishBuild({
    buildId: build.buildId,
    results: EXCEPTION,
    stateString: 'broke',
    infrastructure: true,
    request: { kind: 'complete' },
    worker: null,
  });
}

async function succeed(world: World): Promise<void> {
  const { build } = await world.build();
  const end = {
    buildId: build.buildId,
    results: SUCCESS,
    stateString: 'passed',
    infrastructure: false,
  } as const;
  await world.store.finishBuild({ ...end, request: { kind: 'complete' }, worker: { kind: 'well' } });
}

async function standingOf(world: World) {
  const { rows } = await world.store.query('workers', EVERYTHING);
  return rows.find(({ workerid }) => workerid === world.w1);
}

export function standingContract(makePlace: MakePlace): void {
  describe('standing of workers', () => {
    test('a worker that loses several builds in a row is suspect, each time for longer', async () => {
      const world = await World.make(makePlace);
      await loseOne(world);
      await loseOne(world);
      expect(await standingOf(world)).toMatchObject({ losses: 2, suspect: null });
      const told = await world.toldBy(() => loseOne(world));
      expect(told).toContain(`workers/${world.w1}/suspected`);
      const until = (delay: number) => Math.floor((world.clock.now() + delay) / 1000);
      expect(await standingOf(world)).toMatchObject({
        losses: 3,
        suspect: { until: until(policy.delay), reason: 'lost 3 builds in a row, last: it is gone' },
      });
      await world.store.trustWorker(world.w1, { forget: false });
      expect(await standingOf(world)).toMatchObject({ losses: 3, suspect: null });
      await loseOne(world);
      expect((await standingOf(world))?.suspect?.until).toBe(until(policy.delay * policy.factor));
    });

    test('one build with a verdict makes it trusted again', async () => {
      const world = await World.make(makePlace);
      for (let n = 0; n < 3; n++) await loseOne(world);
      const told = await world.toldBy(() => succeed(world));
      expect(told).toContain(`workers/${world.w1}/trusted`);
      expect(await standingOf(world)).toMatchObject({ losses: 0, suspect: null });
      // Of one that stands well there is nothing to tell.
      expect(
        (await world.toldBy(() => succeed(world))).filter((path) => path.startsWith('workers/')),
      ).toEqual([]);
    });

    test('builds that are lost together are one loss', async () => {
      const world = await World.make(makePlace);
      const together = [await world.build(), await world.build(), await world.build()];
      world.clock.advance(1000);
      for (const claimed of together) await lose(world, claimed);
      expect(await standingOf(world)).toMatchObject({ losses: 1, suspect: null });
      await loseOne(world);
      expect(await standingOf(world)).toMatchObject({ losses: 2 });
    });

    test('losses are told apart by what ran, however the clock jumps', async () => {
      const world = await World.make(makePlace);
      await loseOne(world);
      world.clock.advance(-24 * 3_600_000);
      for (let n = 2; n <= 7; n++) {
        await loseOne(world);
        expect(await standingOf(world)).toMatchObject({ losses: n });
      }
    });

    test('a step that broke meanwhile does not make two losses one', async () => {
      const world = await World.make(makePlace);
      for (let n = 1; n <= 3; n++) {
        world.clock.advance(1000);
        const claimed = await world.build();
        await breakOne(world);
        await lose(world, claimed);
        expect(await standingOf(world)).toMatchObject({ losses: n });
      }
      expect(await standingOf(world)).toMatchObject({ suspect: { reason: expect.any(String) } });
    });

    test('a build that says nothing about its worker leaves it as it stands', async () => {
      const world = await World.make(makePlace);
      await loseOne(world);
      await breakOne(world);
      expect(await standingOf(world)).toMatchObject({ losses: 1 });
    });

    test('an administrator makes it trusted at once', async () => {
      const world = await World.make(makePlace);
      for (let n = 0; n < 3; n++) await loseOne(world);
      await world.store.trustWorker(world.w1, { forget: true });
      expect(await standingOf(world)).toMatchObject({ losses: 0, suspect: null });
      expect(await world.toldBy(() => world.store.trustWorker(world.w1, { forget: true }))).toEqual([]);
      await world.store.trustWorker(999, { forget: true });
    });

    test('a missing worker is told once, also over restarts, and again when it is back', async () => {
      const world = await World.make(makePlace);
      const told = await world.toldBy(async () => {
        expect(await world.store.markMissing(world.w1)).toBe(true);
        expect(await world.store.markMissing(world.w1)).toBe(false);
      });
      expect(told).toEqual([`workers/${world.w1}/missing`]);
      await world.reopen();
      expect(await world.store.markMissing(world.w1)).toBe(false);
      expect((await standingOf(world))?.missing_since).toBe(Math.floor(world.clock.now() / 1000));
      const back = await world.toldBy(() => world.store.setWorkerState(world.w1, { connected: true }));
      expect(back).toEqual([`workers/${world.w1}/connected`, `workers/${world.w1}/returned`]);
      expect((await standingOf(world))?.missing_since).toBeNull();
      expect(await world.store.markMissing(world.w1)).toBe(false);
      expect(await world.store.markMissing(999)).toBe(false);
    });

    test('readers of the outbox find their place again', async () => {
      const world = await World.make(makePlace);
      expect(await world.store.readerPosition('alerts')).toBeNull();
      await world.store.setReaderPosition('alerts', 5);
      await world.store.setReaderPosition('alerts', 9);
      await world.reopen();
      expect(await world.store.readerPosition('alerts')).toBe(9);
      await world.store.setReaderPosition('alerts', null);
      expect(await world.store.readerPosition('alerts')).toBeNull();
    });
  });
}
