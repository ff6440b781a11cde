/** What follows when builds are lost: growing delays, other workers, the shelf, and workers that nobody trusts. */
import { CANCELLED, EVERYTHING, FAILURE, RETRY, SUCCESS } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { DEFAULT_RETRY_POLICY } from '../core/retry.ts';
import { DEFAULT_SUSPECT_POLICY } from '../core/suspect.ts';
import type { Clock } from '../ports/service.ts';
import { BuildWorld, type BuildWorldOptions } from '../testing/build-world.ts';

/** Runs until it is lost; after the file `go` is there, it passes. */
const HANG = 'test -e go && exit 0; exec sleep 600';

function config(workers: string[], command: string): BuildWorldOptions['config'] {
  return {
    workers: workers.map((name) => ({ name, password: 'x' })),
    builders: [{ name: 'linux', workers, steps: [{ type: 'shell', command }] }],
  };
}

class ManualClock implements Clock {
  time = 1_800_000_000_000;
  /** How far the wall clock has been set ahead. */
  jump = 0;

  now(): number {
    return this.time + this.jump;
  }

  monotonic(): number {
    return this.time;
  }
}

/** The newest attempt, once its command runs. */
async function attempt(world: BuildWorld, count: number) {
  return await world.eventually(`attempt ${count} runs`, async () => {
    const asked = world.pool.asked[count - 1];
    return asked === undefined ? undefined : ((await world.store.build(asked.buildId)) ?? undefined);
  });
}

async function requestOf(world: BuildWorld, requestId: number) {
  const filters = [{ field: 'buildrequestid', operator: 'eq' as const, values: [requestId] }];
  const { rows } = await world.store.query('buildrequests', { filters, order: [], limit: 1, offset: 0 });
  return rows[0];
}

async function shelfOf(world: BuildWorld, requestId: number) {
  return await world.eventually('it is shelved', async () => {
    const request = await requestOf(world, requestId);
    return request?.state === 'shelved' ? request : undefined;
  });
}

/** Lose the newest attempt and bring its worker back. */
async function loseAttempt(world: BuildWorld, count: number, name = 'w1'): Promise<void> {
  await attempt(world, count);
  world.pool.lose(world.workerId(name), `worker ${name} was lost`);
  await world.eventually(`attempt ${count} has ended`, async () =>
    (await world.builds())[count - 1]?.complete ? true : undefined,
  );
  await world.connect(name);
}

test('row 8: a request waits longer after each failure, and keeps its priority and age', async () => {
  const clock = new ManualClock();
  await using world = await BuildWorld.make({
    config: config(['w1'], HANG),
    retry: DEFAULT_RETRY_POLICY,
    clock,
  });
  const { requests } = await world.request('linux', { priority: 5 });
  const requestId = requests[0]?.requestId as number;
  const asked = await requestOf(world, requestId);
  for (const [index, delay] of [30_000, 120_000].entries()) {
    await loseAttempt(world, index + 1);
    const waiting = await requestOf(world, requestId);
    expect(waiting).toMatchObject({
      state: 'pending',
      failures: index + 1,
      not_before: Math.floor((clock.now() + delay) / 1000),
      priority: 5,
      submitted_at: asked?.submitted_at,
    });
    clock.time += delay - 1;
    world.dispatch.wake();
    expect(world.dispatch.waitingReason(requestId)).toMatch(/before it is tried again/);
    clock.time += 1;
    world.dispatch.wake();
    await attempt(world, index + 2);
  }
  expect((await world.builds()).map(({ state_string }) => state_string).slice(0, 2)).toEqual([
    'worker w1 was lost (failure 1 of 3, tried again after 30s)',
    'worker w1 was lost (failure 2 of 3, tried again after 2m00s)',
  ]);
});

test('row 24: a request that waits is tried neither earlier nor later when the wall clock jumps', async () => {
  const clock = new ManualClock();
  await using world = await BuildWorld.make({
    config: config(['w1'], HANG),
    retry: DEFAULT_RETRY_POLICY,
    clock,
  });
  const { requests } = await world.request('linux');
  await loseAttempt(world, 1);
  const waits = () => world.dispatch.waitingReason(requests[0]?.requestId as number);
  await world.eventually('it waits', async () => waits()?.includes('before it is tried again') || undefined);
  clock.jump = 24 * 3_600_000;
  world.dispatch.wake();
  expect(waits()).toMatch(/before it is tried again/);
  clock.jump = -24 * 3_600_000;
  clock.time += DEFAULT_RETRY_POLICY.delay;
  world.dispatch.wake();
  await attempt(world, 2);
});

const ONCE = { attempts: 1, delay: 0, factor: 1, maxDelay: 0 };

test('a person takes a request off the shelf, and then it may fail as often as a new one', async () => {
  const retry = { ...ONCE, attempts: 2 };
  // Trusted for longer than it takes to lose all of these.
  const suspect = { ...DEFAULT_SUSPECT_POLICY, after: 9 };
  await using world = await BuildWorld.make({ config: config(['w1'], HANG), retry, suspect });
  const { requests, buildSetId } = await world.request('linux');
  const requestId = requests[0]?.requestId as number;
  for (const count of [1, 2]) await loseAttempt(world, count);
  expect(await shelfOf(world, requestId)).toMatchObject({ complete: false, failures: 2, attempts: 2 });
  await world.control.unshelve(requestId);
  await loseAttempt(world, 3);
  const again = await attempt(world, 4);
  expect(await requestOf(world, requestId)).toMatchObject({ state: 'claimed', failures: 1 });
  await world.control.stopBuild(again.buildId, 'alice', 'enough');
  expect((await world.buildSetEnd(buildSetId)).results).toBe(CANCELLED);
});

test('a shelved request can be cancelled', async () => {
  await using world = await BuildWorld.make({ config: config(['w1'], HANG), retry: ONCE });
  const { requests, buildSetId } = await world.request('linux');
  const requestId = requests[0]?.requestId as number;
  await loseAttempt(world, 1);
  await shelfOf(world, requestId);
  await world.control.cancelRequest(requestId, 'alice', 'no longer needed');
  expect((await world.buildSetEnd(buildSetId)).results).toBe(CANCELLED);
});

test('a worker that loses builds in a row gets none for a while, others get them, and time brings it back', async () => {
  const clock = new ManualClock();
  const suspect = { ...DEFAULT_SUSPECT_POLICY, after: 2 };
  await using world = await BuildWorld.make({ config: config(['w1'], HANG), suspect, clock });
  const { requests } = await world.request('linux');
  const requestId = requests[0]?.requestId as number;
  for (const count of [1, 2]) {
    clock.time += 1000;
    await loseAttempt(world, count);
  }
  await world.eventually('it waits because of its worker', async () =>
    world.dispatch.waitingReason(requestId) ===
    'worker w1 is suspect for 5m00s more: lost 2 builds in a row, last: worker w1 was lost'
      ? true
      : undefined,
  );
  clock.time += suspect.delay;
  world.dispatch.wake();
  await attempt(world, 3);
});

test('a failure of the source is no loss: the worker that found it is well', async () => {
  await using world = await BuildWorld.make({ config: config(['w1'], 'exit 3') });
  for (let n = 0; n < 4; n++) expect((await world.build('linux')).results).toBe(FAILURE);
  const { rows } = await world.store.query('workers', { filters: [], order: [], limit: null, offset: 0 });
  expect(rows).toMatchObject([{ name: 'w1', losses: 0, suspect: null }]);
});

test('the next attempt prefers another worker over the one with the warm checkout', async () => {
  await using world = await BuildWorld.make({
    config: config(['w1', 'w2'], 'test -e warm && exec sleep 600; touch warm'),
  });
  const first = await world.build('linux');
  expect(first.results).toBe(SUCCESS);
  const warm = first.workerid === world.workerId('w1') ? 'w1' : 'w2';
  const { buildSetId } = await world.request('linux');
  expect((await attempt(world, 2)).workerId).toBe(world.workerId(warm));
  await loseAttempt(world, 2, warm);
  expect((await attempt(world, 3)).workerId).not.toBe(world.workerId(warm));
  expect((await world.buildSetEnd(buildSetId)).results).toBe(SUCCESS);
});

/** A master whose first build fails in its own code; `once` is told when. */
async function failingMaster(once: (world: BuildWorld) => void = () => undefined) {
  let isSound = false;
  const made: { world?: BuildWorld } = {};
  const failPoint = (name: string): void => {
    if (isSound || name !== 'before-commit:startStep' || made.world === undefined) return;
    isSound = true;
    once(made.world);
    throw new Error('a bug');
  };
  made.world = await BuildWorld.make({ config: config(['w1'], 'true'), failPoint });
  return made.world;
}

test('a failure of the master is no verdict: the build is tried again, and its worker is not to blame', async () => {
  await using world = await failingMaster();
  const { buildSetId } = await world.request('linux');
  expect((await world.buildSetEnd(buildSetId)).results).toBe(SUCCESS);
  expect(await world.builds()).toMatchObject([
    {
      results: RETRY,
      state_string: 'the master failed: a bug (failure 1 of 3, tried again at once)',
      infrastructure: true,
    },
    { results: SUCCESS, attempt: 2 },
  ]);
  const [worker] = (await world.store.query('workers', EVERYTHING)).rows;
  expect(worker).toMatchObject({ losses: 0, suspect: null });
});

test('a build that was stopped before the master failed on it is not tried again', async () => {
  const order = { by: 'alice', reason: 'enough', at: 1 };
  await using world = await failingMaster((here) => here.dispatch.stopBuild(1, order));
  const { buildSetId } = await world.request('linux');
  expect((await world.buildSetEnd(buildSetId)).results).toBe(CANCELLED);
  expect((await world.builds()).map(({ state_string }) => state_string)).toEqual([
    'cancelled by alice: enough',
  ]);
});
