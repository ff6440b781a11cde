import type { StoredEvent } from '@buildbot/shared';
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

const CLOCK = { now: () => 1_800_000_000_000, monotonic: () => 5000 };

function pendingRequest(requestId: number, priority = 0): PendingRequest {
  const rest = { buildSetId: 1, builderId: 1, attempts: 0, notBefore: null, lastWorkerId: null };
  return { requestId, priority, submittedAt: 0, ...rest };
}

function event(buildrequestid: number, what: string): StoredEvent {
  const body = { buildrequestid, builderid: 1, priority: 0, submitted_at: 0 };
  return { number: 1, at: 0, paths: [`buildrequests/${buildrequestid}/${what}`], body };
}

/** A queue over a store whose reads a test answers. */
function reading() {
  const reads: { ids: readonly number[] | undefined; answer: PromiseWithResolvers<PendingRequest[]> }[] = [];
  const pendingRequests = (ids?: readonly number[]) => {
    const answer = Promise.withResolvers<PendingRequest[]>();
    reads.push({ ids, answer });
    return answer.promise;
  };
  const pending = new PendingQueue({
    ...{ store: { pendingRequests }, clock: CLOCK, wallClock: CLOCK, maxDelayMs: MAX_DELAY_MS },
  });
  const refresh = async (...found: PendingRequest[]) => {
    const done = pending.refresh();
    reads.at(-1)?.answer.resolve(found);
    await done;
  };
  const queued = () => [...pending.queue.ready(1)].map(({ requestId, priority }) => [requestId, priority]);
  return { pending, reads, refresh, queued };
}

test('only the request that an event leaves in doubt is read anew', async () => {
  const { pending, reads, refresh, queued } = reading();
  await refresh(pendingRequest(1), pendingRequest(2), pendingRequest(3));
  pending.see(event(2, 'update'));
  pending.see(event(3, 'unclaimed'));
  await refresh(pendingRequest(2, 5));
  expect(reads.map(({ ids }) => ids)).toEqual([undefined, [2, 3]]);
  expect(queued()).toEqual([
    [2, 5],
    [1, 0],
  ]);
  await pending.refresh();
  expect(reads).toHaveLength(2);
});

test('a request that could not be started is read anew, and not while it is starting', async () => {
  const { pending, reads, refresh, queued } = reading();
  await refresh(pendingRequest(1));
  pending.queue.remove(1);
  pending.begin(1);
  pending.see(event(1, 'update'));
  await refresh(pendingRequest(1));
  expect(queued()).toEqual([]);
  pending.settle(1, false);
  await refresh(pendingRequest(1));
  expect(queued()).toEqual([[1, 0]]);
  expect(reads).toHaveLength(3);
});

test('what is told while the store is read is not undone by an older answer', async () => {
  const { pending, reads, queued } = reading();
  const done = pending.refresh();
  pending.see(event(1, 'claimed'));
  pending.see(event(2, 'new'));
  reads[0]?.answer.resolve([pendingRequest(1)]);
  await done;
  expect(queued()).toEqual([[2, 0]]);
});

test('after a failed read everything is read again', async () => {
  const { pending, reads, refresh, queued } = reading();
  await refresh(pendingRequest(1));
  pending.see(event(1, 'update'));
  const failed = pending.refresh();
  reads[1]?.answer.reject(new Error('no'));
  await expect(failed).rejects.toThrow('no');
  await refresh(pendingRequest(1, 7));
  expect(reads[2]?.ids).toBeUndefined();
  expect(queued()).toEqual([[1, 7]]);
});
