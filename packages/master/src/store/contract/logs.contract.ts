/** Log bytes: written once, read from anywhere, shown as lines. */
import type { Log } from '@buildbot/shared';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BOOT, bytesOf, logEffect, type MakePlace, World } from './world.contract.ts';

/** Type `s` view of `(stream, text)` runs: the plain meaning, to compare with. */
function linesOf(runs: readonly (readonly [string, string])[]): string[] {
  const bytes = runs.flatMap(([stream, text]) => [...text].map((character) => ({ stream, character })));
  const lines: string[] = [];
  let line: string | null = null;
  for (const { stream, character } of bytes) {
    line ??= stream;
    if (character !== '\n') line += character;
    else {
      lines.push(`${line}\n`);
      line = null;
    }
  }
  return line === null ? lines : [...lines, `${line}\n`];
}

async function raw(world: World, log: Log, offset = 0): Promise<string> {
  return (await bytesOf(world.store.readLog(log.logId, offset))).toString();
}

export function logsContract(makePlace: MakePlace): void {
  describe('logs', () => {
    test('are read from any byte on, also after a restart', async () => {
      const world = await World.make(makePlace);
      const log = await world.log();
      for (const text of ['one\n', 'two\nthr', 'ee\n'])
        await world.store.appendLog(log.logId, 'o', Buffer.from(text));
      const whole = 'one\ntwo\nthree\n';
      for (let offset = 0; offset <= whole.length + 1; offset++) {
        expect(await raw(world, log, offset)).toBe(whole.slice(offset));
      }
      await world.reopen();
      expect(await raw(world, log, 5)).toBe(whole.slice(5));
      expect(await raw(world, { ...log, logId: 99 })).toBe('');
    });

    test('tell their growth in process, and do not keep it as events', async () => {
      const world = await World.make(makePlace);
      const log = await world.log();
      const told = await world.toldBy(() => world.store.appendLog(log.logId, 'o', Buffer.from('a\nb')));
      expect(told).toEqual([]);
      expect(world.growth).toEqual([{ ...log, bytes: 3, lines: 1 }]);
    });

    test('count only complete lines until they are closed', async () => {
      const world = await World.make(makePlace);
      const log = await world.log();
      await world.store.appendLog(log.logId, 'o', Buffer.from('a\nb'));
      expect((await world.store.log(log.logId))?.lines).toBe(1);
      expect(await world.store.readLogLines(log.logId, 0, null)).toBe('oa\n');
      expect(await world.store.finishLog(log.logId)).toBe(true);
      expect(await world.store.log(log.logId)).toMatchObject({ lines: 2, complete: true });
      expect(await world.store.readLogLines(log.logId, 0, null)).toBe('oa\nob\n');
      expect(await world.store.finishLog(log.logId)).toBe(false);
    });

    test('of one build do not mix', async () => {
      const world = await World.make(makePlace);
      const first = await world.log();
      const second = (await world.store.addLog({ stepId: first.stepId, name: 'other', type: 't' })) as Log;
      for (let i = 0; i < 5; i++) {
        await world.store.appendLog(first.logId, 'o', Buffer.from(`first ${i}\n`));
        await world.store.appendLog(second.logId, 'o', Buffer.from(`second ${i}\n`));
      }
      expect(await raw(world, first)).toBe([0, 1, 2, 3, 4].map((i) => `first ${i}\n`).join(''));
      expect(await world.store.readLogLines(second.logId, 3, 1)).toBe('second 3\n');
    });

    test('come in pieces of at most 256 KiB, and keep every byte', async () => {
      const world = await World.make(makePlace);
      const log = await world.log();
      const bytes = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (i * 7919) % 256));
      await world.store.appendLog(log.logId, 'o', bytes);
      const sizes: number[] = [];
      for await (const piece of world.store.readLog(log.logId, 0)) sizes.push(piece.length);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(262_144);
      expect((await bytesOf(world.store.readLog(log.logId, 0))).equals(bytes)).toBe(true);
      expect((await bytesOf(world.store.readLog(log.logId, 300_001))).equals(bytes.subarray(300_001))).toBe(
        true,
      );
    });

    test('of the same moment are appended in the order of the calls', async () => {
      const world = await World.make(makePlace);
      const log = await world.log();
      const texts = Array.from({ length: 20 }, (_, i) => `${i} ${'x'.repeat(i * 900)}\n`);
      await Promise.all(texts.map((text) => world.store.appendLog(log.logId, 'o', Buffer.from(text))));
      expect(await raw(world, log)).toBe(texts.join(''));
    });

    test('show a line that never ends cut, and what follows it whole', async () => {
      const world = await World.make(makePlace);
      const log = await world.log();
      const long = Buffer.alloc(3_000_000, 'x');
      await world.store.appendLog(log.logId, 'o', Buffer.concat([long, Buffer.from('\nnext\n')]));
      const view = await world.store.readLogLines(log.logId, 0, null);
      expect(view.length).toBeLessThan(70_000);
      expect(view).toMatch(/^ox+ \[2934464 more bytes\]\nonext\n$/);
      expect(await world.store.readLogLines(log.logId, 1, 1)).toBe('onext\n');
    });

    test('show invalid UTF-8 replaced and NUL as it is, and keep both raw', async () => {
      const world = await World.make(makePlace);
      const log = await world.log();
      const bytes = Buffer.from([0x61, 0xff, 0x00, 0xc3, 0x0a, 0xe2, 0x82]);
      await world.store.appendLog(log.logId, 'e', bytes);
      await world.store.finishLog(log.logId);
      expect(await world.store.readLogLines(log.logId, 0, null)).toBe('ea\ufffd\0\ufffd\ne\ufffd\n');
      expect((await bytesOf(world.store.readLog(log.logId, 0))).equals(bytes)).toBe(true);
    });

    test('show a character whole that two chunks cut', async () => {
      const world = await World.make(makePlace);
      const log = await world.log();
      const bytes = Buffer.from('ä€\n');
      for (const byte of bytes) await world.store.appendLog(log.logId, 'o', Buffer.from([byte]));
      expect(await world.store.readLogLines(log.logId, 0, null)).toBe('oä€\n');
    });

    test('show any range of any lines with the stream that each began on', async () => {
      const world = await World.make(makePlace);
      const run = fc.tuple(
        fc.constantFrom('o', 'e', 'h'),
        fc.string({ unit: fc.constantFrom('a', 'b', '\n'), minLength: 1, maxLength: 6 }),
      );
      await fc.assert(
        fc.asyncProperty(
          fc.array(run, { maxLength: 12 }),
          fc.nat(8),
          fc.option(fc.nat(8)),
          async (runs, first, count) => {
            const log = await world.log();
            for (const [stream, text] of runs)
              await world.store.appendLog(log.logId, stream, Buffer.from(text));
            await world.store.finishLog(log.logId);
            const expected = linesOf(runs);
            expect((await world.store.log(log.logId))?.lines).toBe(expected.length);
            const wanted = expected.slice(first, count === null ? undefined : first + count).join('');
            expect(await world.store.readLogLines(log.logId, first, count)).toBe(wanted);
          },
        ),
        { numRuns: 25 },
      );
    });

    test('refuse a chunk that is not what its worker said, and no other', async () => {
      const world = await World.make(makePlace);
      const log = await world.log();
      await world.store.openSession(world.w1, BOOT);
      const lie = {
        ...logEffect(1, log, 'x'.repeat(100_000)),
        frame: { length: 5, newlines: 0, runs: [['o', 5]] },
      };
      const garbage = { ...logEffect(2, log, 'short'), payload: Buffer.from('no zstd at all') };
      const effects = [lie, garbage, logEffect(3, log, 'good\n')] as Parameters<
        typeof world.store.commitWorkerEffects
      >[2];
      await world.store.commitWorkerEffects(world.w1, BOOT, effects);
      await expect(raw(world, log)).rejects.toThrow(/bytes 0 to 5 of a log cannot be read/);
      await expect(raw(world, log, 5)).rejects.toThrow(/bytes 5 to 10 of a log cannot be read/);
      expect(await raw(world, log, 10)).toBe('good\n');
      expect(await world.finish(log.buildId)).toBe(true);
    });
  });
}
