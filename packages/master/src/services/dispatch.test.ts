import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CANCELLED,
  EVERYTHING,
  EXCEPTION,
  ExternalError,
  FAILURE,
  RETRY,
  SUCCESS,
  WARNINGS,
} from '@buildbot/shared';
import { expect, test, vi } from 'vitest';
import { BuildWorld } from '../testing/build-world.ts';
import { stressStartStop } from '../testing/stress-start-stop.ts';

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

test('runs the steps of a build in order and keeps their output', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder('echo one', 'echo two >&2') });
  const build = await world.build('linux');
  expect(build).toMatchObject({ results: SUCCESS, state_string: 'build successful', number: 1, attempt: 1 });
  const steps = await world.steps(build.buildid);
  expect(steps.map(({ name, results, state_string }) => [name, results, state_string])).toEqual([
    ['shell', SUCCESS, "'echo one' passed"],
    ['shell_1', SUCCESS, "'echo two >&2' passed"],
  ]);
  expect((await world.logBytes(build.buildid, 0)).toString()).toBe('one\n');
  expect((await world.logBytes(build.buildid, 1)).toString()).toBe('two\n');
});

test('a failure is the result of the build set, and later steps run unless told otherwise', async () => {
  await using world = await BuildWorld.make({
    config: oneBuilder('exit 3', { command: 'exit 2', haltOnFailure: true }, 'true', {
      command: 'true',
      alwaysRun: true,
    }),
  });
  const { buildSetId } = await world.request('linux');
  expect((await world.buildSetEnd(buildSetId)).results).toBe(FAILURE);
  const [build] = await world.builds();
  expect(build?.state_string).toBe("failed 'exit 3', 'exit 2'");
  expect((await world.steps(build?.buildid ?? 0)).map(({ number }) => number)).toEqual([0, 1, 3]);
});

test('warnings of a step are warnings of the build', async () => {
  await using world = await BuildWorld.make({
    config: oneBuilder({ command: 'exit 7', decodeRC: { 7: 'warnings' } }),
  });
  expect(await world.build('linux')).toMatchObject({ results: WARNINGS, state_string: "warnings 'exit 7'" });
});

test('a queue made before the start is worked off, the most important first', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder('true'), isIdle: true });
  const sets = [];
  for (const priority of [0, 1, 2]) sets.push(await world.request('linux', { priority }));
  const ids = sets.map(({ requests }) => requests[0]?.requestId);
  await world.connect('w1');
  await world.dispatch.start();
  for (const { buildSetId } of sets) await world.buildSetEnd(buildSetId);
  expect((await world.builds()).map(({ buildrequestid }) => buildrequestid)).toEqual(ids.reverse());
});

test('a worker that left the configuration is sent away when its build has ended, and not before', async () => {
  const config = oneBuilder('until test -e go; do sleep 0.02; done', 'echo still here');
  await using world = await BuildWorld.make({ config });
  const { buildSetId } = await world.request('linux');
  await world.runningBuild();
  world.pool.depart(world.workerId('w1'));
  world.dispatch.wake();
  // What is written after it has looked proves that it has let the worker stay.
  await world.control.controlWorker(world.workerId('w1'), 'unpause', '');
  const [asked] = world.pool.asked;
  const builddir = asked?.command.kind === 'exec' ? asked.command.builddir : '';
  // It is asked for before its folder is made.
  const folder = join(world.root('w1'), builddir, 'build');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'go'), '');
  expect(await world.buildSetEnd(buildSetId)).toMatchObject({ results: SUCCESS });
  await world.eventually('it is gone', async () => world.pool.connected().length === 0 || undefined);
  expect(world.pool.departing()).toEqual([]);
});

test('says why a request waits, and starts it when that is over', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder('true'), isIdle: true });
  const { buildSetId, requests } = await world.request('linux');
  const requestId = requests[0]?.requestId ?? 0;
  const reason = async (text: string) => {
    await world.eventually(text, async () => world.dispatch.waitingReason(requestId) === text || undefined);
  };
  await world.dispatch.start();
  await reason('no worker is connected');
  await world.control.controlWorker(world.workerId('w1'), 'pause', '');
  await world.connect('w1');
  await reason('worker w1 is paused');
  await world.control.controlWorker(world.workerId('w1'), 'unpause', '');
  expect((await world.buildSetEnd(buildSetId)).results).toBe(SUCCESS);
  expect(world.dispatch.waitingReason(requestId)).toBeNull();
});

test('a worker that does not answer costs no build', async () => {
  const two = [...workers, { name: 'w2', password: 'x' }];
  const config = {
    workers: two,
    builders: [{ name: 'linux', workers: ['w1', 'w2'], steps: [{ type: 'shell', command: 'true' }] }],
  };
  await using world = await BuildWorld.make({ config });
  world.pool.change(world.workerId('w1'), { answersPing: false });
  expect(await world.build('linux')).toMatchObject({
    results: SUCCESS,
    attempt: 1,
    workerid: world.workerId('w2'),
  });
  expect(await world.builds()).toHaveLength(1);
});

test('a worker that does not answer is asked again when it is heard of itself, not whenever another one is', async () => {
  const config = {
    workers: [...workers, { name: 'w2', password: 'x' }],
    builders: [
      { name: 'linux', workers: ['w1'], steps: [{ type: 'shell', command: 'true' }] },
      { name: 'other', workers: ['w2'], steps: [{ type: 'shell', command: 'true' }] },
    ],
  };
  await using world = await BuildWorld.make({ config });
  const [w1, w2] = [world.workerId('w1'), world.workerId('w2')];
  const ping = vi.spyOn(world.pool, 'ping');
  const pings = () => ping.mock.calls.filter(([workerId]) => workerId === w1).length;
  world.pool.change(w1, { answersPing: false });
  const { buildSetId, requests } = await world.request('linux');
  const requestId = requests[0]?.requestId ?? 0;
  const isSilent = async () =>
    world.dispatch.waitingReason(requestId) === 'worker w1 does not answer' || undefined;
  await world.eventually('the silence to be noticed', isSilent);
  world.pool.change(w2, { availability: 'reluctant' });
  await world.build('other');
  expect(pings()).toBe(1);
  world.pool.change(w1, { answersPing: true });
  expect((await world.buildSetEnd(buildSetId)).results).toBe(SUCCESS);
  expect(pings()).toBe(2);
});

test('row 17: while the disk is full nothing starts, which is not said to be the fault of a worker', async () => {
  const full = new ExternalError('database', 'the disk is full', { isPassing: true });
  let isFull = true;
  const failPoint = (name: string): void => {
    if (isFull && name === 'before-commit:claim') throw full;
  };
  await using world = await BuildWorld.make({ config: oneBuilder('true'), failPoint });
  const { buildSetId, requests } = await world.request('linux');
  const reason = 'the master cannot start builds: database: the disk is full';
  await world.eventually(
    reason,
    async () => world.dispatch.waitingReason(requests[0]?.requestId ?? 0) === reason || undefined,
  );
  isFull = false;
  expect(await world.buildSetEnd(buildSetId)).toMatchObject({ results: SUCCESS });
  expect(await world.builds()).toMatchObject([{ attempt: 1 }]);
});

test('a worker that leaves gets no new build, and its goodbye when none is left, also between two commands', async () => {
  const config = oneBuilder({ name: 'long', command: FOREVER });
  await using world = await BuildWorld.make({ config });
  const workerId = world.workerId('w1');
  const { requests } = await world.request('linux');
  const build = await world.eventually('the build to run', async () => (await world.builds())[0]);
  world.pool.change(workerId, { graceful: true });
  const second = await world.request('linux');
  const requestId = second.requests[0]?.requestId ?? 0;
  const waits = async () =>
    world.dispatch.waitingReason(requestId) === 'worker w1 is shutting down' || undefined;
  await world.eventually('the second to wait', waits);
  expect(world.pool.connected().map((one) => one.workerId)).toEqual([workerId]);
  await world.control.stopBuild(build.buildid, 'ann', 'enough');
  await world.eventually('the goodbye', async () => world.pool.connected().length === 0 || undefined);
  expect(requests).toHaveLength(1);
  expect((await world.builds()).map(({ results }) => results)).toEqual([CANCELLED]);
});

test('builds of one builder on one worker have folders of their own', async () => {
  const config = {
    workers: [{ name: 'w1', password: 'x', maxBuilds: 2 }],
    builders: [
      {
        name: 'linux',
        workers: ['w1'],
        steps: [{ type: 'shell', command: 'basename $(dirname $PWD); exec sleep 600' }],
      },
    ],
  };
  await using world = await BuildWorld.make({ config });
  await world.request('linux');
  await world.request('linux');
  await world.eventually('both run', async () => (world.pool.asked.length === 2 ? true : undefined));
  expect(world.pool.asked.map(({ command }) => command.builddir)).toEqual(['linux', 'linux.2']);
});

test('a lost worker is told apart from a failure: another attempt, on another worker', async () => {
  const config = {
    workers: [...workers, { name: 'w2', password: 'x' }],
    builders: [
      {
        name: 'linux',
        workers: ['w1', 'w2'],
        steps: [{ type: 'shell', command: 'test -e go && exit 0; touch go; exec sleep 600' }],
      },
    ],
  };
  await using world = await BuildWorld.make({ config });
  const { buildSetId } = await world.request('linux');
  const first = await world.runningBuild();
  const name = first.workerId === world.workerId('w1') ? 'w1' : 'w2';
  const other = name === 'w1' ? 'w2' : 'w1';
  world.pool.lose(first.workerId, 'it did not come back');
  const second = await world.eventually('a second attempt', async () => {
    const asked = world.pool.asked.at(-1);
    return asked && asked.buildId !== first.buildId
      ? ((await world.store.build(asked.buildId)) ?? undefined)
      : undefined;
  });
  expect(second).toMatchObject({ attempt: 2, workerId: world.workerId(other) });
  const builds = await world.builds();
  expect(builds[0]).toMatchObject({
    results: RETRY,
    state_string: `worker ${name}: it did not come back (failure 1 of 3, tried again at once)`,
  });
  await world.control.stopBuild(second.buildId, 'alice', 'enough');
  expect((await world.buildSetEnd(buildSetId)).results).toBe(CANCELLED);
});

test('a build that kills its worker does not loop for ever: after three attempts it is shelved', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder(FOREVER) });
  const { requests } = await world.request('linux');
  for (let attempt = 1; attempt <= 3; attempt++) {
    await world.eventually(`attempt ${attempt} runs`, async () =>
      world.pool.asked.length === attempt ? true : undefined,
    );
    world.pool.lose(world.workerId('w1'), 'it is gone');
    await world.connect('w1');
  }
  const builds = await world.eventually('the third has ended', async () => {
    const all = await world.builds();
    return all[2]?.complete ? all : undefined;
  });
  expect(builds.map(({ results, infrastructure }) => [results, infrastructure])).toEqual([
    [RETRY, true],
    [RETRY, true],
    [EXCEPTION, true],
  ]);
  expect(builds[2]?.state_string).toBe(
    `shelved after 3 attempts: worker w1: it is gone (each time in step 'shell', on w1); to try again: buildbot unshelve ${requests[0]?.requestId}`,
  );
  expect(await world.store.pendingRequests()).toEqual([]);
});

test('killing a worker through control takes its builds away to be tried again, and is a failure of nobody', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder(FOREVER) });
  await world.request('linux');
  await world.runningBuild();
  await world.control.controlWorker(world.workerId('w1'), 'kill', 'on fire');
  const first = await world.eventually('the attempt has ended', async () =>
    (await world.builds()).find(({ complete }) => complete),
  );
  expect(first).toMatchObject({ results: RETRY, state_string: 'worker w1: on fire', infrastructure: false });
  const { rows } = await world.store.query('workers', EVERYTHING);
  expect(rows).toMatchObject([{ losses: 0 }]);
  expect(await world.store.pendingRequests()).toMatchObject([{ lastWorkerId: world.workerId('w1') }]);
  expect((await world.store.query('buildrequests', EVERYTHING)).rows).toMatchObject([{ failures: 0 }]);
});

test('a step whose code fails is an exception with the message in err.text', async () => {
  await using world = await BuildWorld.make({
    config: oneBuilder('true', 'true'),
    change: (recipe) => {
      const [first, ...rest] = recipe.steps;
      const run = async () => {
        throw new Error('what a pity\nsecond line');
      };
      return { ...recipe, steps: first === undefined ? rest : [{ ...first, run }, ...rest] };
    },
  });
  const build = await world.build('linux');
  expect(build).toMatchObject({ results: EXCEPTION, state_string: "exception in 'true'" });
  const steps = await world.steps(build.buildid);
  expect(steps.map(({ state_string }) => state_string)).toEqual(["'true' broke: what a pity"]);
  expect((await world.logBytes(build.buildid, 0, 'err.text')).toString()).toBe('what a pity\nsecond line\n');
});

test('starts and stops in any order', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder('true'), isIdle: true });
  await stressStartStop(world.dispatch);
});
