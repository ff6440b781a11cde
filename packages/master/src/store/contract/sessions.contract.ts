/** Commands, and the sessions that make a worker's messages durable exactly once. */
import { EVERYTHING, type Log } from '@buildbot/shared';
import { describe, expect, test } from 'vitest';
import type { WorkerEffect } from '../../ports/records.ts';
import { BOOT, bytesOf, COMMAND, EXITED, logEffect, type MakePlace, World } from './world.contract.ts';

export function sessionsContract(makePlace: MakePlace): void {
  describe('sessions', () => {
    async function running(): Promise<{ world: World; log: Log; key: string }> {
      const world = await World.make(makePlace);
      const log = await world.log();
      const key = `${log.buildId}.1.0.0`;
      await world.store.openSession(world.w1, BOOT);
      await world.store.putCommand(key, log.buildId, COMMAND);
      return { world, log, key };
    }
    const text = async (world: World, log: Log) =>
      (await bytesOf(world.store.readLog(log.logId, 0))).toString();

    test('keep a command once, and its first outcome', async () => {
      const { world, log, key } = await running();
      const kept = { key, command: COMMAND, outcome: null, received: {} };
      const again = await world.store.putCommand(key, log.buildId, { ...COMMAND, builddir: 'other' });
      expect(again).toEqual({ ...kept, isNew: false });
      expect(await world.store.command(key)).toEqual(kept);
      const effects: WorkerEffect[] = [
        { kind: 'started', seq: 1, key },
        { kind: 'ended', seq: 2, key, outcome: EXITED },
        { kind: 'ended', seq: 3, key, outcome: { status: 'lost', reason: 'late' } },
      ];
      await world.store.commitWorkerEffects(world.w1, BOOT, effects);
      await world.reopen();
      expect((await world.store.command(key))?.outcome).toEqual(EXITED);
      expect(await world.store.command('9.9.9.9')).toBeNull();
    });

    test('go on where they were, also after a restart of the master', async () => {
      const { world, log } = await running();
      await world.store.commitWorkerEffects(world.w1, BOOT, [
        logEffect(1, log, 'a\n'),
        { kind: 'skipped', seq: 2 },
      ]);
      await world.reopen();
      expect(await world.store.openSession(world.w1, BOOT)).toEqual({ standing: 'known', ackedSeq: 2 });
    });

    test('know how far each log of a command has come, per command, also after a restart', async () => {
      const { world, log, key } = await running();
      const next = `${log.buildId}.1.0.1`;
      await world.store.putCommand(next, log.buildId, COMMAND);
      const frames = [
        logEffect(1, log, 'abc', key),
        logEffect(2, log, 'de', key),
        logEffect(3, log, 'f', next),
      ];
      await world.store.commitWorkerEffects(world.w1, BOOT, frames.slice(0, 2));
      await world.store.commitWorkerEffects(world.w1, BOOT, frames);
      await world.reopen();
      expect((await world.store.command(key))?.received).toEqual({ stdio: 5 });
      expect((await world.store.command(next))?.received).toEqual({ stdio: 1 });
    });

    test('that are new lose what the former process had, but for what it was never asked for', async () => {
      const { world, log, key } = await running();
      const keys = [0, 1, 2].map((ordinal) => `${log.buildId}.1.1.${ordinal}`);
      for (const other of keys) await world.store.putCommand(other, log.buildId, COMMAND);
      const elsewhere = (await world.claim(await world.request(), world.w2))?.build.buildId as number;
      await world.store.putCommand(`${elsewhere}.1.0.0`, elsewhere, COMMAND);
      await world.store.commitWorkerEffects(world.w1, BOOT, [
        { kind: 'ended', seq: 1, key, outcome: EXITED },
      ]);
      const opened = await world.store.openSession(world.w1, '1'.repeat(32), keys.slice(2));
      expect(opened).toEqual({ standing: 'new', ackedSeq: 0 });
      const lost = { status: 'lost', reason: 'its worker died or was restarted' };
      const all = [key, ...keys, `${elsewhere}.1.0.0`];
      const outcomes = await Promise.all(all.map(async (each) => (await world.store.command(each))?.outcome));
      expect(outcomes).toEqual([EXITED, lost, lost, null, null]);
    });

    test('that are new begin without the wish that the worker leaves, told in the same commit', async () => {
      const { world } = await running();
      await world.store.setWorkerState(world.w1, { graceful: true });
      expect(await world.toldBy(() => world.store.openSession(world.w1, BOOT))).toEqual([]);
      const told = await world.toldBy(() => world.store.openSession(world.w1, '1'.repeat(32)));
      expect(told).toEqual([`workers/${world.w1}/state_updated`]);
      expect(await world.store.query('workers', EVERYTHING)).toMatchObject({
        rows: [{ graceful: false }, {}],
      });
    });

    test('take each message once, however often it is sent', async () => {
      const { world, log } = await running();
      const messages = [1, 2, 3, 4].map((seq) => logEffect(seq, log, `${seq}\n`));
      await world.store.commitWorkerEffects(world.w1, BOOT, messages.slice(0, 2));
      await Promise.all([
        world.store.commitWorkerEffects(world.w1, BOOT, messages.slice(0, 3)),
        world.store.commitWorkerEffects(world.w1, BOOT, messages),
        world.store.commitWorkerEffects(world.w1, BOOT, messages.slice(1)),
      ]);
      expect(await text(world, log)).toBe('1\n2\n3\n4\n');
      expect(await world.store.openSession(world.w1, BOOT)).toEqual({ standing: 'known', ackedSeq: 4 });
    });

    test('only count messages for builds that are finished, and for logs that are closed', async () => {
      const { world, log, key } = await running();
      const other = (await world.store.addLog({ stepId: log.stepId, name: 'other', type: 't' })) as Log;
      await world.store.finishLog(other.logId);
      await world.store.commitWorkerEffects(world.w1, BOOT, [
        logEffect(1, other, 'late'),
        logEffect(2, log, 'in time'),
      ]);
      await world.finish(log.buildId);
      await world.store.commitWorkerEffects(world.w1, BOOT, [
        logEffect(3, log, 'late'),
        { kind: 'ended', seq: 4, key, outcome: EXITED },
      ]);
      expect(await text(world, log)).toBe('in time');
      expect(await text(world, other)).toBe('');
      expect((await world.store.command(key))?.outcome).toBeNull();
      expect(await world.store.openSession(world.w1, BOOT)).toEqual({ standing: 'known', ackedSeq: 4 });
    });

    test('refuse bytes that name a log of another build', async () => {
      const { world, log } = await running();
      const other = await world.log();
      await world.store.commitWorkerEffects(world.w1, BOOT, [
        logEffect(1, { ...log, buildId: other.buildId }, 'x'),
      ]);
      expect([await text(world, log), await text(world, other)]).toEqual(['', '']);
    });

    test('end when a newer process of the worker comes, and those of others do not', async () => {
      const { world, log } = await running();
      await world.store.openSession(world.w2, BOOT);
      await world.store.openSession(world.w1, '1'.repeat(32));
      const late = world.store.commitWorkerEffects(world.w1, BOOT, [logEffect(1, log, 'late')]);
      await expect(late).rejects.toThrow('a newer process of this worker took over');
      expect(await text(world, log)).toBe('');
      await world.store.commitWorkerEffects(world.w2, BOOT, [{ kind: 'skipped', seq: 1 }]);
      expect(await world.store.openSession(world.w2, BOOT)).toEqual({ standing: 'known', ackedSeq: 1 });
    });

    test('that have ended never begin again, and change nothing, also after a restart of the master', async () => {
      const { world, log, key } = await running();
      await world.store.commitWorkerEffects(world.w1, BOOT, [{ kind: 'skipped', seq: 7 }]);
      const newer = '1'.repeat(32);
      await world.store.openSession(world.w1, newer, [key]);
      await world.reopen();
      const superseded = { standing: 'superseded', ackedSeq: 7 };
      expect(await world.store.openSession(world.w1, BOOT)).toEqual(superseded);
      expect((await world.store.command(key))?.outcome).toBeNull();
      const late = world.store.commitWorkerEffects(world.w1, BOOT, [logEffect(8, log, 'late')]);
      await expect(late).rejects.toThrow('a newer process of this worker took over');
      expect(await world.store.openSession(world.w1, newer)).toEqual({ standing: 'known', ackedSeq: 0 });
      expect(await world.store.openSession(world.w1, BOOT)).toEqual(superseded);
    });

    test('write the logs of several builds in one go', async () => {
      const { world, log } = await running();
      const other = await world.log();
      const effects = [0, 1, 2, 3].flatMap((i) => [
        logEffect(2 * i + 1, log, `a${i}\n`),
        logEffect(2 * i + 2, other, `b${i}\n`),
      ]);
      await world.store.commitWorkerEffects(world.w1, BOOT, effects);
      expect(await text(world, log)).toBe('a0\na1\na2\na3\n');
      expect(await text(world, other)).toBe('b0\nb1\nb2\nb3\n');
    });
  });
}
