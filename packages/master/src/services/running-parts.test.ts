/** The small parts that services are made of: doorbell, lifecycle, background, alarm. */
import { expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { Alarm } from './alarm.ts';
import { Background } from './background.ts';
import { Doorbell } from './doorbell.ts';
import { Lifecycle } from './lifecycle.ts';

function fail(error: unknown): void {
  throw error;
}

test('however often a doorbell rings during a round, one more round follows', async () => {
  let rounds = 0;
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const bell = new Doorbell(async () => await gates[rounds++]?.promise, fail);
  bell.open();
  bell.ring();
  await Promise.resolve();
  await Promise.resolve();
  for (let n = 0; n < 10; n++) bell.ring();
  expect(rounds).toBe(1);
  for (const gate of gates) gate.resolve();
  await bell.close();
  // The second round was asked for before the door closed, but closing takes back what has not begun.
  expect(rounds).toBe(1);
});

test('a doorbell goes on after a round that failed, and is silent once closed', async () => {
  const errors: unknown[] = [];
  const again = Promise.withResolvers<void>();
  let rounds = 0;
  const bell = new Doorbell(
    async () => {
      if (++rounds === 2) again.resolve();
      throw new Error(`round ${rounds}`);
    },
    (error) => errors.push(error),
  );
  bell.ring();
  bell.open();
  bell.ring();
  await Promise.resolve();
  bell.ring();
  await again.promise;
  await bell.close();
  bell.ring();
  await Promise.resolve();
  expect([rounds, errors.length]).toEqual([2, 2]);
});

test('starts and stops are carried out one after the other, and only when needed', async () => {
  const done: string[] = [];
  const act = (what: string) => async () => {
    done.push(`${what} begins`);
    await Promise.resolve();
    done.push(`${what} ends`);
  };
  const life = new Lifecycle({ start: act('start'), stop: act('stop') });
  await Promise.all([life.stop(), life.start(), life.start(), life.stop(), life.stop()]);
  expect(done).toEqual(['start begins', 'start ends', 'stop begins', 'stop ends']);
});

test('a start that fails is undone, told, and can be tried again', async () => {
  let attempts = 0;
  let stops = 0;
  const start = async (): Promise<void> => {
    if (++attempts === 1) throw new Error('no luck');
  };
  const life = new Lifecycle({ start, stop: async () => void stops++ });
  await expect(life.start()).rejects.toThrow('no luck');
  expect(stops).toBe(1);
  await life.start();
  expect(attempts).toBe(2);
  await life.stop();
});

test('background work is waited for, what it starts itself included, and its failures are told', async () => {
  const errors: unknown[] = [];
  const background = new Background((error) => errors.push(error));
  const inner = Promise.withResolvers<void>();
  let isInnerDone = false;
  background.run(async () => {
    background.run(async () => {
      await inner.promise;
      isInnerDone = true;
    });
    throw new Error('outer');
  });
  const drained = background.drained();
  inner.resolve();
  await drained;
  expect([isInnerDone, errors.length, background.size]).toEqual([true, 1, 0]);
});

test('an alarm rings for the time that was set last, at once when it has passed', async () => {
  const rung = Promise.withResolvers<void>();
  let count = 0;
  const alarm = new Alarm(systemClock, () => {
    count++;
    rung.resolve();
  });
  alarm.set(systemClock.now() + 1e9);
  alarm.set(null);
  alarm.set(systemClock.now() - 1000);
  await rung.promise;
  expect(count).toBe(1);
});
