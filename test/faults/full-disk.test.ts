/** Real disks that are full: told, waited for, and got over without a restart. Needs root, for small disks. */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../support/processes.ts';
import { cannotMount, type SmallDisk, smallDisk } from '../support/small-disk.ts';
import { type FaultWorld, type FaultWorldOptions, makeFaultWorld, sha256 } from './fault-world.ts';

/** How long everything has to be well again after space has returned. */
const RECOVERY_MS = 30_000;

const fullDisk = test.skipIf(cannotMount);

async function worldOn(mebibytes: number, options: (disk: SmallDisk) => FaultWorldOptions) {
  const disk = await smallDisk(mebibytes);
  onTestFinished(() => disk.remove());
  const world = await makeFaultWorld(options(disk));
  onTestFinished(() => world.close());
  return { disk, world };
}

/** Prints noise when it is told to, and what it printed beside it for the test to compare. */
function noisyJob({ dir }: FaultWorld, kibibytes: number): string {
  return `
    touch ${dir}/begun
    while [ ! -e ${dir}/go ]; do sleep 0.05; done
    head -c ${kibibytes * 1024} /dev/urandom > ${dir}/noise
    cat ${dir}/noise
    touch ${dir}/through`;
}

const path = (world: FaultWorld, name: string): string => join(world.dir, name);

async function begun(world: FaultWorld): Promise<void> {
  await until('the build runs', async () => existsSync(path(world, 'begun')));
}

async function expectExactLog(world: FaultWorld, count = 1): Promise<void> {
  const build = await world.finished(count, RECOVERY_MS);
  expect(build).toMatchObject({ results: 0 });
  expect(await world.logHash(build.buildid)).toBe(sha256(await readFile(path(world, 'noise'))));
}

fullDisk(
  'row 17: a full disk under the database refuses in plain words what is asked for, loses nothing, and is got over',
  async () => {
    const { disk, world } = await worldOn(24, ({ path }) => ({
      database: `sqlite:${join(path, 'state.sqlite')}`,
    }));
    const master = await world.startMaster();
    const worker = await world.startWorker();
    await world.force(noisyJob(world, 2000));
    await begun(world);
    const giveBack = await disk.fill();
    writeFileSync(path(world, 'go'), '');
    const reason = 'x'.repeat(1000);
    const refusal = await until('a request is refused', async () => {
      try {
        await world.force('true', reason);
        return null;
      } catch (error) {
        return String(error);
      }
    });
    expect(refusal).toContain('the disk is full');
    await giveBack();
    await expectExactLog(world);
    await until('what was accepted is built', async () =>
      (await world.builds()).every(({ complete }) => complete),
    );
    await world.force('true');
    expect([master.child.exitCode, worker.child.exitCode]).toEqual([null, null]);
  },
);

fullDisk(
  'row 18: a full disk under the logs holds the command back, and the log has every byte',
  async () => {
    const { disk, world } = await worldOn(16, () => ({}));
    mkdirSync(join(disk.path, 'logs'));
    symlinkSync(join(disk.path, 'logs'), join(world.masterDir, 'logs'));
    const master = await world.startMaster();
    await world.startWorker();
    await world.force(noisyJob(world, 10_000));
    await begun(world);
    const giveBack = await disk.fill();
    writeFileSync(path(world, 'go'), '');
    await master.says(/the disk is full/);
    expect((await world.builds())[0]).toMatchObject({ complete: false });
    await giveBack();
    await expectExactLog(world);
    expect(master.child.exitCode).toBeNull();
  },
);

fullDisk(
  'row 19: a full disk under the worker holds the command back while the master is away, and loses nothing',
  async () => {
    const { disk, world } = await worldOn(32, ({ path }) => ({
      workerDisk: path,
      workerLink: { keepalive: '1s', timeout: '1s', grace: '60s' },
    }));
    const master = await world.startMaster();
    const worker = await world.startWorker();
    await world.force(noisyJob(world, 12_000));
    await begun(world);
    const giveBack = await disk.fill();
    master.child.kill('SIGSTOP');
    writeFileSync(path(world, 'go'), '');
    await worker.says(/the spool cannot be written, output waits for the master: .*no space left/);
    expect(existsSync(path(world, 'through'))).toBe(false);
    await giveBack();
    await until('the command goes on', async () => existsSync(path(world, 'through')), RECOVERY_MS);
    expect(worker.stderr()).toContain('the spool can be written again');
    master.child.kill('SIGCONT');
    await expectExactLog(world);
  },
);
