/** A worker that has left, for whatever reason, and is started again: the new process stays, and builds. */
import { join } from 'node:path';
import type { BuildResource, WorkerResource } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { rpc } from '../../bench/rpc.ts';
import { end, program, run, until } from '../support/processes.ts';
import { createWorld, type World } from '../support/world.ts';

async function setup(): Promise<World> {
  const world = await createWorld({ builders: { linux: [{ type: 'shell', command: 'echo built' }] } });
  onTestFinished(() => world.remove());
  await until('w1 to be there', () => isConnected(world));
  return world;
}

async function w1(world: World): Promise<WorkerResource> {
  const { workers } = await world.api<{ workers: [WorkerResource] }>('/api/v2/workers');
  return workers[0];
}

const isConnected = async (world: World) => (await w1(world)).connected_to.length > 0;
const away = (world: World) => until('w1 to be away', async () => !(await isConnected(world)));
const stopWorker = (world: World, ...words: string[]) =>
  run(program('worker', 'stop', join(world.dir, 'w1'), ...words));

async function build(world: World): Promise<BuildResource> {
  await rpc(world.basedir, 'forceschedulers/force', 'force', { builderNames: ['linux'], reason: 'test' });
  return await until('the build to end', async () => {
    const { builds } = await world.api<{ builds: BuildResource[] }>('/api/v2/builds?order=-buildid&limit=1');
    return builds[0]?.complete && builds[0];
  });
}

/** A process that is there, stays there, and builds. */
async function returns(world: World): Promise<void> {
  const process = await world.startWorker();
  await until('w1 to be back', () => isConnected(world));
  expect(await build(world)).toMatchObject({ results: 0, attempt: 1 });
  expect(await w1(world)).toMatchObject({ graceful: false, connected_to: [{}] });
  expect(process.child.exitCode).toBeNull();
}

test.each([
  ['was stopped while idle', (world: World) => stopWorker(world)],
  ['was ended at once', (world: World) => stopWorker(world, '--now')],
  ['was stopped through the API', (world: World) => rpc(world.basedir, 'workers/w1', 'stop', {})],
  ['was killed through the API', (world: World) => rpc(world.basedir, 'workers/w1', 'kill', {})],
])('a worker that %s is in service again as soon as it is started', async (_, leave) => {
  const world = await setup();
  await leave(world);
  await world.workers[0]?.finished;
  await away(world);
  await returns(world);
});

test('a worker that has left of its own accord is not told of as leaving any more', async () => {
  const world = await setup();
  expect(await build(world)).toMatchObject({ results: 0 });
  await stopWorker(world);
  await until('w1 to have left', async () => !(await isConnected(world)) && !(await w1(world)).graceful);
});

test('a worker that was stopped while the master was away is in service again, too', async () => {
  const world = await setup();
  await end(world.master as NonNullable<World['master']>, 'SIGKILL');
  await stopWorker(world, '--now');
  await world.startMaster();
  await returns(world);
});
