import { expect, test } from 'vitest';
import { BuildWorld } from '../testing/build-world.ts';
import { stressStartStop } from '../testing/stress-start-stop.ts';
import { PastEstimates } from './estimates.ts';

const config = {
  workers: [{ name: 'w1', password: 'x' }],
  builders: [{ name: 'linux', workers: ['w1'], steps: [{ type: 'shell', name: 'test', command: 'true' }] }],
};

test('knows nothing before three builds and is up to date after each', async () => {
  await using world = await BuildWorld.make({ config });
  const estimates = new PastEstimates({ store: world.store });
  await estimates.start();
  const builderId = world.builderId('linux');
  for (let samples = 0; samples < 3; samples++) {
    expect(await estimates.estimate(builderId)).toEqual({
      builderid: builderId,
      samples,
      total: null,
      steps: [],
    });
    await world.build('linux');
  }
  const estimate = await estimates.estimate(builderId);
  expect(estimate).toMatchObject({ samples: 3, steps: [{ name: 'test' }] });
  expect(estimate.total?.middle).toBeGreaterThan(0);
  await estimates.stop();
});

test('reads the past once for any number of watchers', async () => {
  await using world = await BuildWorld.make({ config, isIdle: true });
  let readings = 0;
  const pastBuilds = async () => {
    readings++;
    return [];
  };
  const estimates = new PastEstimates({ store: { ...world.store, pastBuilds } });
  await estimates.start();
  await Promise.all(Array.from({ length: 50 }, () => estimates.estimate(1)));
  expect(readings).toBe(1);
  await estimates.stop();
  // Not listening any more, it does not trust what it knew.
  await estimates.estimate(1);
  await estimates.estimate(1);
  expect(readings).toBe(3);
});

test('starts and stops in any order', async () => {
  await using world = await BuildWorld.make({ config, isIdle: true });
  await stressStartStop(new PastEstimates({ store: world.store }));
});
