/** Orders to stop and cancel, at every moment of a request's life. */
import { CANCELLED, SUCCESS } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { BuildWorld } from '../testing/build-world.ts';

const workers = [{ name: 'w1', password: 'x' }];

function oneBuilder(...commands: (string | Record<string, unknown>)[]) {
  const steps = commands.map((command) => ({
    type: 'shell',
    ...(typeof command === 'string' ? { command } : command),
  }));
  return { workers, builders: [{ name: 'linux', workers: ['w1'], steps }] };
}

/** A command that runs until it is ended. */
const FOREVER = 'echo started; exec sleep 600';

test('stopping a build ends its processes; the build says by whom and why', async () => {
  await using world = await BuildWorld.make({
    config: oneBuilder(FOREVER, 'echo never', { command: 'echo tidy', alwaysRun: true }),
  });
  const { buildSetId } = await world.request('linux');
  const { buildId } = await world.runningBuild();
  await world.control.stopBuild(buildId, 'alice', 'wrong branch');
  expect((await world.buildSetEnd(buildSetId)).results).toBe(CANCELLED);
  const [build] = await world.builds();
  expect(build).toMatchObject({
    results: CANCELLED,
    state_string: 'cancelled by alice: wrong branch',
    stopped_by: 'alice',
  });
  const steps = await world.steps(buildId);
  expect(steps.map(({ number, results }) => [number, results])).toEqual([
    [0, CANCELLED],
    [2, SUCCESS],
  ]);
  expect(world.pool.stopped).toHaveLength(1);
});

test('a queued request is cancelled without a build', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder('true'), isIdle: true });
  const { buildSetId, requests } = await world.request('linux');
  await world.control.cancelRequest(requests[0]?.requestId ?? 0, 'alice', 'not needed');
  await world.connect('w1');
  await world.dispatch.start();
  expect((await world.buildSetEnd(buildSetId)).results).toBe(CANCELLED);
  expect(await world.builds()).toEqual([]);
});

test('cancelling a request that is being built stops its build', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder(FOREVER) });
  const { buildSetId, requests } = await world.request('linux');
  await world.runningBuild();
  await world.control.cancelRequest(requests[0]?.requestId ?? 0, 'bob', 'no time');
  expect((await world.buildSetEnd(buildSetId)).results).toBe(CANCELLED);
  expect((await world.builds())[0]?.state_string).toBe('cancelled by bob: no time');
});

test('cancels at every moment give exactly one result each', async () => {
  await using world = await BuildWorld.make({
    config: { ...oneBuilder('true', 'true'), workers: [{ name: 'w1', password: 'x', maxBuilds: 4 }] },
  });
  const sets = await Promise.all(
    Array.from({ length: 40 }, async (_, n) => {
      const set = await world.request('linux');
      const requestId = set.requests[0]?.requestId ?? 0;
      // The later ones wait for ever more commits to pass: before the claim, during it, in the build, after its end.
      let commits = n;
      await world.eventually('some commits later', async () => (commits-- <= 0 ? true : undefined));
      const cancels = [
        world.control.cancelRequest(requestId, 'alice', 'one'),
        world.control.cancelRequest(requestId, 'bob', 'two'),
      ];
      await Promise.all(cancels);
      return set;
    }),
  );
  for (const { buildSetId } of sets)
    expect([SUCCESS, CANCELLED]).toContain((await world.buildSetEnd(buildSetId)).results);
  const builds = await world.builds();
  expect(new Set(builds.map(({ buildrequestid }) => buildrequestid)).size).toBe(builds.length);
  expect(builds.every(({ complete, attempt }) => complete && attempt === 1)).toBe(true);
});

test('what was ordered to stop when the master went away is cancelled at the next start', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder(FOREVER) });
  const { buildSetId } = await world.request('linux');
  const { buildId } = await world.runningBuild();
  await world.dispatch.stop();
  await world.store.orderStop(buildId, { by: 'alice', reason: 'too late', at: 1 });
  await world.dispatch.start();
  expect((await world.buildSetEnd(buildSetId)).results).toBe(CANCELLED);
  expect((await world.builds()).map(({ state_string }) => state_string)).toEqual([
    'cancelled by alice: too late',
  ]);
});

test('an order written between the claim and the first step runs none', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder('echo never') });
  const unsubscribe = world.store.onCommit((events) => {
    for (const { paths, body } of events) {
      if (!/^builds\/\d+\/new$/.test(paths[0] ?? '')) continue;
      const { buildid } = body as { buildid: number };
      void world.store.orderStop(buildid, { by: 'alice', reason: 'at once', at: 1 });
    }
  });
  const build = await world.build('linux');
  unsubscribe();
  expect(build).toMatchObject({ results: CANCELLED, state_string: 'cancelled by alice: at once' });
});

test('an order that arrives while a step is being made ends that step before its command', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder('echo never') });
  const unsubscribe = world.store.onCommit((events) => {
    for (const { paths, body } of events) {
      if (!/^steps\/\d+\/new$/.test(paths[0] ?? '')) continue;
      const { buildid } = body as { buildid: number };
      world.dispatch.stopBuild(buildid, { by: 'alice', reason: 'just now', at: 1 });
    }
  });
  const build = await world.build('linux');
  unsubscribe();
  expect(build.state_string).toBe('cancelled by alice: just now');
  expect((await world.steps(build.buildid)).map(({ results }) => results)).toEqual([CANCELLED]);
  expect(world.pool.asked).toEqual([]);
});
