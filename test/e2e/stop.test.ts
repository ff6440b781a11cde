/**
 * Stop, at every moment: before the claim, during it, at the start, between steps, during a step, after the end, twice, a
 * hundred at once, with the worker or the master away. The order is durable before anything is done about it; each request
 * has one result, and no process stays. `SEED=n` repeats the random moments.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type BuildRequestResource, type BuildResource, CANCELLED, SUCCESS } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { rpc } from '../../bench/rpc.ts';
import { Random } from '../simulation/random.ts';
import { type ChaosProxy, startChaosProxy } from '../support/chaos-proxy.ts';
import { end, isAlive, until } from '../support/processes.ts';
import { createWorld, type StepSpec, type World, type WorldOptions } from '../support/world.ts';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Every process of a build notes its id in the world's folder. */
const NOTE_PID = 'echo $$ >> ../../../../pids';
const FOREVER: StepSpec = { type: 'shell', name: 'wait', command: `${NOTE_PID}; sleep 600 & wait` };

class Farm {
  readonly world: World;
  readonly proxy: ChaosProxy;

  constructor(world: World, proxy: ChaosProxy) {
    this.world = world;
    this.proxy = proxy;
  }

  /** A master, and a worker that reaches it through a proxy. */
  static async make(options: WorldOptions): Promise<Farm> {
    const world = await createWorld({ ...options, start: false });
    onTestFinished(() => world.remove());
    const file = join(world.dir, 'w1', 'worker.yaml');
    const text = await readFile(file, 'utf8');
    const port = Number(/ws:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1]);
    const proxy = await startChaosProxy(port);
    onTestFinished(() => proxy.close());
    await writeFile(file, text.replace(`:${port}`, `:${proxy.port}`));
    await world.startMaster();
    await world.startWorker();
    return new Farm(world, proxy);
  }

  /** Ask for a build; answers its request. */
  async force(builder: string): Promise<number> {
    const path = 'forceschedulers/force';
    const input = { builderNames: [builder], reason: 'test' };
    const [, requests] = await rpc<[number, Record<string, number>]>(
      this.world.basedir,
      path,
      'force',
      input,
    );
    return Object.values(requests)[0] as number;
  }

  async cancel(requestId: number, reason = 'enough'): Promise<void> {
    await rpc(this.world.basedir, `buildrequests/${requestId}`, 'cancel', { reason });
  }

  async stop(buildId: number, reason = 'enough'): Promise<void> {
    await rpc(this.world.basedir, `builds/${buildId}`, 'stop', { reason });
  }

  async builds(): Promise<BuildResource[]> {
    return (await this.world.api<{ builds: BuildResource[] }>('/api/v2/builds')).builds;
  }

  async requests(): Promise<BuildRequestResource[]> {
    return (await this.world.api<{ buildrequests: BuildRequestResource[] }>('/api/v2/buildrequests'))
      .buildrequests;
  }

  async pids(): Promise<number[]> {
    const text = await readFile(join(this.world.dir, 'pids'), 'utf8').catch(() => '');
    return text.split('\n').filter(Boolean).map(Number);
  }

  /** The build of a request once its command runs; it is the `nth` that does. */
  async running(requestId: number, nth = 1): Promise<BuildResource> {
    await until('the command to run', async () => (await this.pids()).length >= nth);
    return (await this.builds()).find(({ buildrequestid }) => buildrequestid === requestId) as BuildResource;
  }

  async ended(buildId: number): Promise<BuildResource> {
    return await until(`build ${buildId} to end`, async () =>
      (await this.builds()).find(({ buildid, complete }) => buildid === buildId && complete),
    );
  }

  async allEnded(): Promise<BuildRequestResource[]> {
    await until('all requests to end', async () => (await this.requests()).every((r) => r.complete), 60_000);
    return await this.requests();
  }

  async noProcesses(): Promise<void> {
    await until('all processes to end', async () => {
      const alive = await Promise.all((await this.pids()).map(isAlive));
      return !alive.includes(true);
    });
  }

  unplug(): void {
    this.proxy.refuse(true);
    this.proxy.cutAll('reset');
  }
}

test('row 33: pending, running, twice, after the end, a hundred at once: one result each, and the first order stays', async () => {
  const farm = await Farm.make({
    builders: { slow: [FOREVER], quick: [{ type: 'shell', command: 'true' }] },
    maxBuilds: 1,
  });
  const done = await farm.force('quick');
  await farm.allEnded();
  await farm.cancel(done, 'too late');
  const first = await farm.running(await farm.force('slow'));
  const queued = await Promise.all(Array.from({ length: 100 }, () => farm.force('slow')));
  await Promise.all([
    farm.stop(first.buildid, 'first'),
    ...queued.flatMap((requestId) => [
      farm.cancel(requestId, 'all of them'),
      farm.cancel(requestId, 'again'),
    ]),
  ]);
  await farm.stop(first.buildid, 'second');
  const requests = await farm.allEnded();
  expect(requests.filter(({ results }) => results === CANCELLED)).toHaveLength(101);
  expect(requests.find(({ buildrequestid }) => buildrequestid === done)?.results).toBe(SUCCESS);
  const ended = await farm.ended(first.buildid);
  expect(ended).toMatchObject({ results: CANCELLED, state_string: 'cancelled by administrator: first' });
  const builds = await farm.builds();
  expect(new Set(builds.map(({ buildrequestid }) => buildrequestid)).size).toBe(builds.length);
  await farm.noProcesses();
}, 120_000);

test(`row 33: 200 tiny builds called off at random moments, also between steps, have one result each (SEED=${seed})`, async () => {
  const random = new Random(seed);
  const tiny = { type: 'shell', command: NOTE_PID };
  const steps = [0, 1, 2].map((index) => ({ ...tiny, name: `step ${index}` }));
  const farm = await Farm.make({
    builders: { steps, nap: [{ ...tiny, command: `${NOTE_PID}; sleep 0.2` }] },
    maxBuilds: 8,
  });
  const calledOff = Array.from({ length: 200 }, async () => {
    await delay(random.int(0, 3000));
    const requestId = await farm.force(random.pick(['steps', 'nap']));
    await delay(random.int(0, 1000));
    await Promise.all([farm.cancel(requestId, 'one'), farm.cancel(requestId, 'two')]);
  });
  await Promise.all(calledOff);
  const results = (await farm.allEnded()).map((request) => request.results);
  expect(results).toHaveLength(200);
  expect(results.filter((result) => result !== SUCCESS && result !== CANCELLED)).toEqual([]);
  expect(results).toContain(CANCELLED);
  const builds = await farm.builds();
  expect(builds.every(({ complete, attempt }) => complete && attempt === 1)).toBe(true);
  expect(new Set(builds.map(({ buildrequestid }) => buildrequestid)).size).toBe(builds.length);
  await farm.noProcesses();
}, 120_000);

const patient = { keepalive: '20s', timeout: '10s', grace: '5m' };
const quick = { keepalive: '1s', timeout: '1s', grace: '5m' };

test('an order for a worker that is away says so, and is carried out when it comes back', async () => {
  const farm = await Farm.make({ builders: { slow: [FOREVER] }, config: { workerLink: patient } });
  const { buildid } = await farm.running(await farm.force('slow'));
  farm.unplug();
  await until('the master to miss its worker', async () => {
    const { workers } = await farm.world.api<{ workers: { connected_to: object[] }[] }>('/api/v2/workers');
    return workers[0]?.connected_to.length === 0;
  });
  await farm.stop(buildid, 'not needed');
  const waiting = await until('the build to say so', async () =>
    (await farm.builds()).find(({ state_string }) => state_string.startsWith('cancelling')),
  );
  expect(waiting).toMatchObject({ complete: false, state_string: 'cancelling, worker w1 is away' });
  farm.proxy.refuse(false);
  expect(await farm.ended(buildid)).toMatchObject({
    ...{ results: CANCELLED, state_string: 'cancelled by administrator: not needed', attempt: 1 },
  });
  await farm.noProcesses();
}, 90_000);

test('an order for a worker that stays away is not kept waiting, and its processes end when it is back', async () => {
  const farm = await Farm.make({ builders: { slow: [FOREVER] }, config: { workerLink: quick } });
  const { buildid } = await farm.running(await farm.force('slow'));
  farm.unplug();
  await farm.stop(buildid);
  expect(await farm.ended(buildid)).toMatchObject({ results: CANCELLED, attempt: 1 });
  expect(await Promise.all((await farm.pids()).map(isAlive))).toContain(true);
  farm.proxy.refuse(false);
  await farm.noProcesses();
  expect(await farm.builds()).toHaveLength(1);
}, 90_000);

test('an order that is written when the master is killed is carried out by the next', async () => {
  const farm = await Farm.make({ builders: { slow: [FOREVER] }, config: { workerLink: patient } });
  const { buildid } = await farm.running(await farm.force('slow'));
  farm.unplug();
  await farm.stop(buildid, 'wrong branch');
  if (farm.world.master !== null) await end(farm.world.master, 'SIGKILL');
  await farm.world.startMaster();
  farm.proxy.refuse(false);
  expect(await farm.ended(buildid)).toMatchObject({
    ...{ results: CANCELLED, state_string: 'cancelled by administrator: wrong branch', attempt: 1 },
  });
  await farm.noProcesses();
  expect((await farm.allEnded()).map(({ results }) => results)).toEqual([CANCELLED]);
}, 90_000);
