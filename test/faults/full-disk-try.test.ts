/** `buildbot try` against disks that are full, through a whole installation. Needs root, for small disks. */
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../support/processes.ts';
import { cannotMount, type SmallDisk, smallDisk } from '../support/small-disk.ts';
import { createWorld, type World } from '../support/world.ts';

const fullDisk = test.skipIf(cannotMount);

async function setup(
  prepare: (disk: SmallDisk, world: World) => Promise<void>,
  config: (disk: SmallDisk) => Record<string, unknown> = () => ({}),
) {
  const disk = await smallDisk(8);
  onTestFinished(() => disk.remove());
  const world = await createWorld({
    builders: { linux: [{ type: 'shell', name: 'test', command: 'true' }] },
    config: config(disk),
    start: false,
  });
  onTestFinished(() => world.remove());
  await prepare(disk, world);
  await world.startMaster();
  await world.startWorker();
  const work = await world.clone();
  await writeFile(join(work, 'hello.txt'), 'changed\n');
  const sets = async () => (await world.api<{ buildsets: object[] }>('/api/v2/buildsets')).buildsets;
  return { disk, world, work, sets };
}

fullDisk(
  'row 17: a try for whose job there is no space says so, ends with 4, and leaves nothing; the next one is taken',
  async () => {
    const { disk, world, work, sets } = await setup(async ({ path }, { basedir }) => {
      await mkdir(join(path, 'try'));
      await symlink(join(path, 'try'), join(basedir, 'try'));
    });
    const giveBack = await disk.fill();
    const refused = await world.buildbot(work, ['try', '--json']);
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('the disk is full')]);
    expect(refused.stderr).toMatch(/nothing was taken in; try again when there is space/);
    expect(refused.stderr).not.toMatch(/ENOSPC|\n +at /);
    expect([await sets(), await readdir(join(world.jobdir, 'new'))]).toEqual([[], []]);
    expect(await readdir(join(world.jobdir, 'tmp'))).toEqual([]);
    await giveBack();
    expect((await world.buildbot(work, ['try', '--json'])).code).toBe(0);
    expect(await sets()).toHaveLength(1);
  },
  60_000,
);

fullDisk(
  'row 17: a try that the database has no space for is kept, and built once when there is',
  async () => {
    const { disk, world, work, sets } = await setup(
      async () => undefined,
      ({ path }) => ({ database: { url: `sqlite:${join(path, 'state.sqlite')}` } }),
    );
    const giveBack = await disk.fill();
    const kept = await world.buildbot(work, ['try', '--no-wait']);
    expect(kept.code).toBe(75);
    expect(kept.stdout + kept.stderr).toContain('the disk is full; the job waits in the try directory');
    expect(await readdir(join(world.jobdir, 'new'))).toHaveLength(1);
    await giveBack();
    await until('it is taken in and built', async () => {
      const [set] = (await sets()) as { complete: boolean; results: number }[];
      return set?.complete === true && set.results === 0;
    });
    expect(await sets()).toHaveLength(1);
    expect(await readdir(join(world.jobdir, 'new'))).toEqual([]);
    expect(world.master?.child.exitCode).toBeNull();
  },
  60_000,
);
