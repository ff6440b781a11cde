/** A disk that a build has filled, with the worker's spool on it. Needs root, for small disks. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Spool } from '../../packages/worker/src/spool/spool.ts';
import { cannotMount, smallDisk } from '../support/small-disk.ts';
import { makeLinkWorld } from './link-world.ts';

const fullDisk = test.skipIf(cannotMount);

const exec = (command: string) => ({ kind: 'exec', command, builddir: 'b', workdir: '' }) as const;

fullDisk(
  'row 19: on a full disk the last words find the reserve, and space that comes back is taken',
  async () => {
    const disk = await smallDisk(16);
    onTestFinished(() => disk.remove());
    const troubles: (string | null)[] = [];
    const spool = new Spool({
      ...{ folder: join(disk.path, 'spool'), limitBytes: 8 * 1024 * 1024, memoryBytes: 100_000 },
      onDiskTrouble: (reason) => troubles.push(reason),
    });
    spool.append(true, () => randomBytes(50_000));
    const giveBack = await disk.fill();
    for (let left = 8; left > 0; left--) spool.append(true, () => randomBytes(100_000));
    // All is on the disk, far more than memory would have held; and whoever produces output is asked to wait.
    expect(spool.diskBytes).toBeGreaterThan(850_000);
    expect(spool.hasRoom).toBe(false);
    expect(troubles).toEqual([expect.stringMatching('no space left')]);
    spool.recover();
    expect(spool.hasRoom).toBe(false);
    // Output goes on as fast as the master takes it.
    spool.ack(spool.lastSeq);
    expect(spool.hasRoom).toBe(true);
    spool.append(true, () => randomBytes(1000));
    expect(spool.hasRoom).toBe(false);
    const room = spool.whenRoom();
    await giveBack();
    spool.recover();
    await room;
    expect(troubles.at(-1)).toBeNull();
    expect(spool.hasRoom).toBe(true);
  },
);

fullDisk(
  'row 19: a program that fails on a full disk is a failure of the infrastructure, in plain words',
  async () => {
    const disk = await smallDisk(24);
    onTestFinished(() => disk.remove());
    const world = await makeLinkWorld();
    onTestFinished(() => world.close());
    await world.startWorker({ basedir: join(disk.path, 'worker') });
    const filling = await world.command(
      exec('head -c 50000000 /dev/zero > big; code=$?; echo last words; exit $code'),
    );
    expect(await filling.outcome).toEqual({
      status: 'failed',
      infrastructure: true,
      reason: 'the disk of the worker is full: the program ended with code 1',
    });
    expect(await (await filling.log()).text()).toContain('No space left on device');
    expect(await (await filling.log()).text()).toContain('last words\n');
    // What passes has passed, and what fails beside a disk with space has failed.
    expect(await (await world.command(exec('echo fine'))).outcome).toMatchObject({
      status: 'exited',
      code: 0,
    });
    expect(await (await world.command(exec('rm big; exit 3'))).outcome).toMatchObject({
      status: 'exited',
      code: 3,
    });
  },
);
