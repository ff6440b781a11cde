import { expect, test } from 'vitest';
import type { PendingRequest } from '../ports/records.ts';
import { PendingQueue } from './pending-queue.ts';
import { steadyClock } from './steady-clock.ts';

const DAY_MS = 86_400_000;
const MAX_DELAY_MS = 30 * 60_000;

/** A queue over one request that was written to wait for 30 s, and clocks that a test moves. */
async function setup() {
  let wall = 1_800_000_000_000;
  let monotonic = 5000;
  const wallClock = { now: () => wall, monotonic: () => monotonic };
  const request: PendingRequest = {
    ...{ requestId: 1, buildSetId: 1, builderId: 1, priority: 0, attempts: 1, lastWorkerId: null },
    submittedAt: wall - 60_000,
    notBefore: wall + 30_000,
  };
  const clock = steadyClock(wallClock);
  const store = { pendingRequests: async () => [request] };
  const make = () => new PendingQueue({ store, clock, wallClock, maxDelayMs: MAX_DELAY_MS });
  const pending = make();
  await pending.refresh();
  return {
    jump: (ms: number) => {
      wall += ms;
    },
    /** Whether it may start once so much more time has passed. */
    startsAfter: async (ms: number, queue = pending) => {
      wall += ms;
      monotonic += ms;
      queue.invalidate();
      await queue.refresh();
      queue.queue.admitDue(clock.now());
      return queue.queue.ready(1).size === 1;
    },
    restarted: async () => {
      const queue = make();
      await queue.refresh();
      return queue;
    },
  };
}

test.each([DAY_MS, -DAY_MS, 0])(
  'row 24: a delay is as long as it was when the clock jumps by %d ms',
  async (jump) => {
    const world = await setup();
    world.jump(jump);
    expect(await world.startsAfter(29_999)).toBe(false);
    expect(await world.startsAfter(1)).toBe(true);
  },
);

test('row 24: a clock that is set back by a day before a restart delays nothing for a day', async () => {
  const world = await setup();
  world.jump(-DAY_MS);
  const queue = await world.restarted();
  expect(await world.startsAfter(MAX_DELAY_MS - 1, queue)).toBe(false);
  expect(await world.startsAfter(1, queue)).toBe(true);
});
