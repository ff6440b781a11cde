/** The connection of a developer breaks: while the job travels, before the answer comes, while the builds are watched. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { end, until } from '../support/processes.ts';
import { createWorld, type StepSpec, type World, type WorldOptions } from '../support/world.ts';

async function setup(options: WorldOptions): Promise<World & { work: string }> {
  const world = await createWorld(options);
  onTestFinished(() => world.remove());
  return Object.assign(world, { work: await world.clone() });
}

async function buildSets({ api }: World): Promise<unknown[]> {
  return (await api<{ buildsets: unknown[] }>('/api/v2/buildsets')).buildsets;
}

const folder = ({ jobdir }: World, name: string): Promise<string[]> => readdir(join(jobdir, name));

/** Fails once a file `go` lies in the world's folder. */
const WAIT: StepSpec = {
  ...{ type: 'shell', name: 'wait' },
  command: 'echo before; while [ ! -e ../../../../go ]; do sleep 0.05; done; echo after; exit 1',
};

test('row 34: a job whose answer never came is handed in again under its id, and built once', async () => {
  const world = await setup({ builders: { quick: [{ type: 'shell', command: 'true' }] } });
  const pid = world.master?.child.pid as number;
  // The moment it is handed in whole, before the master can say what became of it.
  const handedIn = once(watch(join(world.jobdir, 'new')), 'change').then(() => process.kill(pid, 'SIGSTOP'));
  const trying = world.startBuildbot(world.work, ['try']);
  await handedIn;
  await world.sshd.dropConnections();
  process.kill(pid, 'SIGCONT');
  expect((await trying.finished).code).toBe(0);
  expect(await buildSets(world)).toHaveLength(1);
  expect((await world.api<{ builds: unknown[] }>('/api/v2/builds')).builds).toHaveLength(1);
}, 90_000);

test('row 35: a client that is killed while a large patch travels leaves nothing accepted and nothing behind', async () => {
  const world = await setup({ builders: { quick: [{ type: 'shell', command: 'true' }] } });
  await writeFile(join(world.work, 'large.bin'), randomBytes(24 * 1024 * 1024));
  const trying = world.startBuildbot(world.work, ['try']);
  await until('part of the patch to be there', async () => {
    for (const name of await folder(world, 'tmp')) {
      const { size } = await stat(join(world.jobdir, 'tmp', name)).catch(() => ({ size: 0 }));
      if (size > 1_000_000) return true;
    }
    return (await folder(world, 'cur')).length > 0;
  });
  await end(trying, 'SIGKILL');
  await until('its space to be free', async () => (await folder(world, 'tmp')).length === 0);
  expect([await folder(world, 'new'), await folder(world, 'cur'), await buildSets(world)]).toEqual([
    [],
    [],
    [],
  ]);
  await rm(join(world.work, 'large.bin'));
  expect((await world.buildbot(world.work, ['try'])).code).toBe(0);
  expect(await buildSets(world)).toHaveLength(1);
}, 90_000);

test('row 36: try and watch whose SSH connection drops say so, go on, and end with the right code', async () => {
  const world = await setup({ builders: { slow: [WAIT] } });
  const trying = world.startBuildbot(world.work, ['try']);
  await trying.says(/› wait/);
  const watching = world.startBuildbot(world.work, ['watch', '1']);
  await watching.says(/› wait/);
  await world.sshd.dropConnections();
  await Promise.all([trying, watching].map((client) => client.says(/connection lost[\s\S]*connected again/)));
  await writeFile(join(world.dir, 'go'), '');
  const ends = await Promise.all([trying.finished, watching.finished]);
  expect(ends.map(({ code }) => code)).toEqual([1, 1]);
  expect(await buildSets(world)).toHaveLength(1);
}, 90_000);
