import { EXCEPTION } from '@buildbot/shared';
import { expect, test } from 'vitest';
import type { ClaimedBuild } from '../ports/records.ts';
import type { Clock } from '../ports/service.ts';
import { BuildWorld, silentLogger } from '../testing/build-world.ts';
import { stressStartStop } from '../testing/stress-start-stop.ts';
import { WorkerWatch } from './worker-watch.ts';

const HOUR = 3_600_000;
const GRACE = 60_000;

class ManualClock implements Clock {
  time = 1_800_000_000_000;
  /** What somebody has set the wall clock forward or back by. */
  jump = 0;

  now(): number {
    return this.time + this.jump;
  }

  monotonic(): number {
    return this.time;
  }
}

class WatchedWorld implements AsyncDisposable {
  readonly clock: ManualClock;
  readonly world: BuildWorld;
  watch: WorkerWatch;

  private constructor(clock: ManualClock, world: BuildWorld) {
    this.clock = clock;
    this.world = world;
    this.watch = this.newWatch();
  }

  static async make(): Promise<WatchedWorld> {
    const clock = new ManualClock();
    const builders = [{ name: 'linux', workers: ['w1'], steps: [{ type: 'shell', command: 'true' }] }];
    const config = { workers: [{ name: 'w1', password: 'x' }], builders };
    return new WatchedWorld(clock, await BuildWorld.make({ config, clock, isIdle: true }));
  }

  newWatch(): WorkerWatch {
    const { store } = this.world;
    const timing = { graceMs: GRACE, maxSuspicionMs: 2 * HOUR };
    return new WorkerWatch({ store, clock: this.clock, logger: silentLogger, ...timing });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watch.stop();
    await this.world[Symbol.asyncDispose]();
  }

  get workerId(): number {
    return this.world.workerId('w1');
  }

  async worker() {
    const { rows } = await this.world.store.query('workers', {
      ...{ filters: [], order: [], limit: null, offset: 0 },
    });
    return rows[0];
  }

  /** Make the worker suspect for an hour. */
  async suspect(): Promise<void> {
    const { store, masterId } = this.world;
    const { requests } = await this.world.request('linux');
    const requestId = requests[0]?.requestId as number;
    const claimed = await store.claim({ requestId, workerId: this.workerId, masterId, builddir: 'linux' });
    const policy = { after: 1, delay: HOUR, factor: 1, maxDelay: HOUR };
    await store.finishBuild({
      buildId: (claimed as ClaimedBuild).build.buildId,
      ...{ results: EXCEPTION, stateString: 'lost', infrastructure: true },
      request: { kind: 'shelve', reason: 'lost' },
      worker: { kind: 'lost', reason: 'it is gone', policy },
    });
  }

  /** A change of no matter, which makes the watch look at the clock. */
  async look(): Promise<void> {
    const paused = (await this.worker())?.paused !== true;
    await this.world.store.setWorkerState(this.workerId, { paused });
  }

  async until(what: string, isSo: (worker: Awaited<ReturnType<WatchedWorld['worker']>>) => boolean) {
    await this.world.eventually(what, async () => (isSo(await this.worker()) ? true : undefined));
  }
}

test('a suspect worker gets another chance when its time is over, and its losses stay', async () => {
  await using watched = await WatchedWorld.make();
  await watched.suspect();
  await watched.watch.start();
  watched.clock.time += HOUR - 1000;
  await watched.look();
  expect((await watched.worker())?.suspect).not.toBeNull();
  watched.clock.time += 1000;
  await watched.look();
  await watched.until('it is trusted', (worker) => worker?.suspect === null);
  expect(await watched.worker()).toMatchObject({ losses: 1 });
});

test('a clock that jumps back makes no suspicion longer than it can be', async () => {
  await using watched = await WatchedWorld.make();
  await watched.suspect();
  watched.clock.jump = -24 * HOUR;
  await watched.watch.start();
  await watched.until('it is trusted', (worker) => worker?.suspect === null);
});

test('row 8: a worker that is away for longer than the grace is missing, whatever the wall clock does', async () => {
  await using watched = await WatchedWorld.make();
  await watched.watch.start();
  watched.clock.jump = 24 * HOUR;
  await watched.look();
  watched.clock.time += GRACE - 1;
  await watched.look();
  expect((await watched.worker())?.missing_since).toBeNull();
  watched.clock.time += 1;
  await watched.look();
  await watched.until('it is missing', (worker) => worker?.missing_since !== null);
  await watched.world.store.setWorkerState(watched.workerId, { connected: true });
  await watched.until('it is back', (worker) => worker?.missing_since === null);
});

test('a worker that is there, or comes back within the grace, is never missing', async () => {
  await using watched = await WatchedWorld.make();
  const { store } = watched.world;
  await watched.watch.start();
  watched.clock.time += GRACE - 1;
  await store.setWorkerState(watched.workerId, { connected: true });
  watched.clock.time += GRACE;
  await store.setWorkerState(watched.workerId, { connected: false });
  watched.clock.time += GRACE - 1;
  await watched.look();
  await watched.watch.stop();
  expect((await watched.worker())?.missing_since).toBeNull();
});

/** The admin says for an hour that a worker is not to be used. */
async function lendOut(watched: WatchedWorld): Promise<void> {
  const order = { availability: 'unavailable', reason: 'disk', forMs: HOUR } as const;
  await watched.world.control.setWorkerAvailability(watched.workerId, order, 'ann');
}
const isSaid = async (watched: WatchedWorld) => (await watched.worker())?.admin_availability !== null;

test("the admin's word ends when its time is over", async () => {
  await using watched = await WatchedWorld.make();
  await watched.watch.start();
  await lendOut(watched);
  watched.clock.time += HOUR - 1000;
  await watched.look();
  expect(await isSaid(watched)).toBe(true);
  watched.clock.time += 1000;
  await watched.look();
  await watched.until('it is over', (worker) => worker?.admin_availability === null);
  expect(await watched.worker()).toMatchObject({ availability: 'eager', availability_rule: 'default' });
});

test("a clock that is set back does not prolong the admin's word, and a restart begins it anew at most", async () => {
  await using watched = await WatchedWorld.make();
  await watched.watch.start();
  await lendOut(watched);
  watched.clock.jump = -24 * HOUR;
  watched.clock.time += HOUR - 1;
  await watched.watch.stop();
  watched.watch = watched.newWatch();
  await watched.watch.start();
  await watched.look();
  expect(await isSaid(watched)).toBe(true);
  watched.clock.time += HOUR;
  await watched.look();
  await watched.until('it is over', (worker) => worker?.admin_availability === null);
});

test("an admin's word without an end stays", async () => {
  await using watched = await WatchedWorld.make();
  await watched.watch.start();
  const order = { availability: 'reluctant', reason: null, forMs: null } as const;
  await watched.world.control.setWorkerAvailability(watched.workerId, order, 'ann');
  watched.clock.time += 1000 * HOUR;
  await watched.look();
  await watched.watch.stop();
  expect(await isSaid(watched)).toBe(true);
});

test('starts and stops in any order', async () => {
  await using watched = await WatchedWorld.make();
  await stressStartStop(watched.watch);
});
