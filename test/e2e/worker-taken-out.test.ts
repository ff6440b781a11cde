/**
 * A worker is taken out of the configuration while the master is down: what runs there ends there, once. What cannot end
 * there begins anew on another worker, and nobody is blamed.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildRequestResource, BuildResource, WorkerResource } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { rpc } from '../../bench/rpc.ts';
import { end, type Program, until } from '../support/processes.ts';
import { createWorld, type World } from '../support/world.ts';

interface Config {
  workers: { name: string }[];
  builders: { workers: string[]; steps: object[] }[];
}

/** Says that it begins, and ends when there is a file `go` in the world's folder. */
const COMMAND = 'echo $$ >> ../../../../begun; until test -e ../../../../go; do sleep 0.05; done';
const STEP = { type: 'shell', name: 'wait', command: COMMAND };
const LINK = { keepalive: '1s', timeout: '1s', grace: '2s' };

/** Both workers build. */
async function setup(workerLink?: typeof LINK): Promise<World> {
  const config = workerLink === undefined ? {} : { workerLink };
  const world = await createWorld({ builders: { work: [STEP] }, workers: 2, maxBuilds: 1, config });
  onTestFinished(() => world.remove());
  for (let count = 0; count < 2; count++)
    await rpc(world.basedir, 'forceschedulers/force', 'force', { builderNames: ['work'], reason: 'test' });
  await until('both commands to run', async () => (await pids(world)).length === 2);
  return world;
}

async function pids({ dir }: World): Promise<number[]> {
  const text = await readFile(join(dir, 'begun'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean).map(Number);
}

/** Stop the master, take w2 out, meanwhile do something else, start it again. */
async function takeOut(world: World, steps: object[], meanwhile?: () => Promise<unknown>): Promise<void> {
  await end(world.master as Program, 'SIGTERM');
  const file = join(world.basedir, 'master.yaml');
  const config = parse(await readFile(file, 'utf8')) as Config;
  const workers = config.workers.filter(({ name }) => name === 'w1');
  const builders = config.builders.map((one) => ({ ...one, workers: ['w1'], steps }));
  await writeFile(file, stringify({ ...config, workers, builders }));
  await meanwhile?.();
  await world.startMaster();
}

async function builds(world: World): Promise<BuildResource[]> {
  return (await world.api<{ builds: BuildResource[] }>('/api/v2/builds?order=buildid')).builds;
}

const go = ({ dir }: World): Promise<void> => writeFile(join(dir, 'go'), '');

const w2Of = ({ workers, dir }: World): Program =>
  workers.find(({ child }) => child.spawnargs.at(-1) === join(dir, 'w2')) as Program;

async function w2(world: World): Promise<WorkerResource> {
  const { workers } = await world.api<{ workers: WorkerResource[] }>('/api/v2/workers');
  return workers.find(({ name }) => name === 'w2') as WorkerResource;
}

test('its build ends there, without a second attempt, and then it is sent away', async () => {
  const world = await setup();
  await takeOut(world, [STEP]);
  await until('w2 to be back', async () => (await w2(world)).connected_to.length > 0);
  await go(world);
  await until('both builds to end', async () => (await builds(world)).every(({ complete }) => complete));
  expect(await builds(world)).toMatchObject([
    { results: 0, attempt: 1 },
    { results: 0, attempt: 1 },
  ]);
  expect(await pids(world)).toHaveLength(2);
  await until('w2 to be sent away', async () => (await w2(world)).connected_to.length === 0);
});

test('if its process is gone, its build begins anew after the grace, and nobody is blamed', async () => {
  const world = await setup(LINK);
  await takeOut(world, [STEP], () => end(w2Of(world), 'SIGKILL'));
  // w1 may lose its build, too, where the master takes longer than the grace to be back.
  const { workerid: gone } = await w2(world);
  const lost = await until('the build to be given up', async () =>
    (await builds(world)).find(({ complete, workerid }) => complete && workerid === gone),
  );
  expect(lost).toMatchObject({
    results: 5,
    infrastructure: false,
    state_string: 'worker w2 did not come back within 2 s; it was taken out of the configuration',
  });
  expect(await w2(world)).toMatchObject({ losses: 0 });
  const { buildrequests } = await world.api<{ buildrequests: BuildRequestResource[] }>(
    `/api/v2/buildrequests/${lost.buildrequestid}`,
  );
  expect(buildrequests).toMatchObject([{ failures: 0, complete: false }]);
  await go(world);
  await until('another to be there', async () => (await builds(world)).length === 3);
});

test('if its build cannot go on, its process is told to end what it runs', async () => {
  const world = await setup();
  await takeOut(world, [{ ...STEP, command: `true; ${COMMAND}` }]);
  await w2Of(world).finished;
  await go(world);
  const all = await until('all to end', async () => {
    const found = await builds(world);
    return found.length === 4 && found.every(({ complete }) => complete) && found;
  });
  expect(all.map(({ results, attempt }) => [results, attempt])).toEqual([
    [5, 1],
    [5, 1],
    [0, 2],
    [0, 2],
  ]);
});
