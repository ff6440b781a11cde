/** The figures for monitoring, as they come from a farm that builds. */
import { expect, test } from 'vitest';
import type { Metric } from '../ports/metrics.ts';
import { BuildWorld } from '../testing/build-world.ts';
import { stressStartStop } from '../testing/stress-start-stop.ts';
import { BuildCounters } from './build-counters.ts';
import { FarmGauges } from './farm-gauges.ts';

const config = {
  workers: [
    { name: 'w1', password: 'x' },
    { name: 'w2', password: 'x' },
  ],
  builders: [{ name: 'linux', workers: ['w1', 'w2'], steps: [{ type: 'shell', command: 'exec sleep 600' }] }],
};

function samplesOf(metrics: Metric[], name: string): Record<string, number> {
  const metric = metrics.find((one) => one.name === name);
  return Object.fromEntries(
    (metric?.samples ?? []).map(({ labels, value }) => [Object.values(labels).join(' '), value]),
  );
}

test('builds are counted by result, infrastructure failures told apart, and requests by state', async () => {
  const retry = { attempts: 1, delay: 0, factor: 1, maxDelay: 0 };
  await using world = await BuildWorld.make({ config, retry });
  const counters = new BuildCounters(world.store);
  await counters.start();
  const gauges = new FarmGauges(world.store);
  await world.request('linux');
  const { workerId, buildId } = await world.runningBuild();
  expect(samplesOf(await gauges.read(), 'buildbot_requests')).toEqual({ pending: 0, claimed: 1, shelved: 0 });
  world.pool.lose(workerId, 'it is gone');
  await world.eventually('it is lost', async () =>
    (await world.store.build(buildId))?.completeAt === null ? undefined : true,
  );
  expect(samplesOf(await gauges.read(), 'buildbot_requests')).toEqual({ pending: 0, claimed: 0, shelved: 1 });
  expect(samplesOf(await counters.read(), 'buildbot_builds_total')).toEqual({ 'exception yes': 1 });
  const durations = samplesOf(await counters.read(), 'buildbot_build_duration_seconds');
  expect(durations['+Inf']).toBe(1);
  await counters.stop();
});

test('workers are counted by the worst that can be said of them', async () => {
  await using world = await BuildWorld.make({ config, isIdle: true });
  const { store } = world;
  await store.register({
    builders: [{ name: 'linux', description: null, tags: [] }],
    workers: config.workers.map(({ name }) => ({ name, maxBuilds: 1, tags: [] })),
    schedulers: [],
    eligible: [
      ['linux', 'w1'],
      ['linux', 'w2'],
    ],
  });
  await store.setWorkerState(world.workerId('w1'), { connected: true });
  await store.markMissing(world.workerId('w2'));
  const metrics = await new FarmGauges(store).read();
  expect(samplesOf(metrics, 'buildbot_workers')).toEqual({
    ...{ connected: 1, paused: 0, suspect: 0, away: 0, missing: 1 },
  });
  expect(samplesOf(metrics, 'buildbot_worker_builds')).toEqual({ w1: 0, w2: 0 });
});

test('starts and stops in any order', async () => {
  await using world = await BuildWorld.make({ config, isIdle: true });
  await stressStartStop(new BuildCounters(world.store));
});
