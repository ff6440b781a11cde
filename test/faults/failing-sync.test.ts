/** A disk that does not keep what it was given: the master stops rather than lies, and the next one has all it promised. */
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../support/processes.ts';
import { failingDisk } from '../support/shims/shims.ts';
import { type FaultWorld, makeFaultWorld } from './fault-world.ts';

/** Run one build to its end, as far as the master lives; answers the build sets that were accepted. */
async function useMaster(world: FaultWorld, isGone: () => boolean): Promise<number[]> {
  const accepted: number[] = [];
  try {
    accepted.push(await world.force('echo 1; sleep 0.3; echo 2'));
    await until('the build is complete, or the master gone', async () => {
      if (isGone()) return true;
      const [build] = await world.builds();
      return build?.complete === true;
    });
  } catch (error) {
    if (!isGone()) await until(`the master is gone after: ${error}`, async () => isGone());
  }
  return accepted;
}

/** A master whose n-th sync below a folder fails while a build runs; `false` when that sync never came. */
async function failsAt(nth: number, below = ''): Promise<boolean> {
  const world = await makeFaultWorld({ retry: { delay: '1s' } });
  onTestFinished(() => world.close());
  const disk = await failingDisk({ prefix: world.masterDir + below, kind: 'sync', nth, error: 'EIO' });
  const master = await world.startMaster(disk.env);
  await world.startWorker();
  const accepted = await useMaster(world, () => master.child.exitCode !== null);
  if ((await disk.failure()) === null) return false;
  expect(await master.finished).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the disk failed'),
  });
  await world.startMaster();
  const sets = async () =>
    (await world.api.get<{ buildsets: { bsid: number; complete: boolean }[] }>('/api/v2/buildsets'))
      .buildsets;
  const isDone = async () => (await sets()).every(({ complete }) => complete);
  await until(`sync ${nth}: all that was accepted is built`, isDone, 40_000);
  expect((await sets()).map(({ bsid }) => bsid)).toEqual(expect.arrayContaining(accepted));
  return true;
}

/** How many syncs below a folder a master makes before it is asked for anything. */
async function syncsAtRest(below = ''): Promise<number> {
  const world = await makeFaultWorld();
  onTestFinished(() => world.close());
  const disk = await failingDisk({ prefix: world.masterDir + below, kind: 'sync', nth: 0, error: 'EIO' });
  await world.startMaster(disk.env);
  await world.startWorker();
  return await disk.calls();
}

/** Side by side: most of the time a world waits for its processes to start. */
const AT_ONCE = 4;

/** From one that fails to the next; 1 takes every sync of the build, and some minutes. */
const STRIDE = 4;

test('row 20: when a sync of a build fails, from the first to the last, the master says so and ends, and the next one has what was accepted', async () => {
  const first = (await syncsAtRest()) + 1;
  let reached = 0;
  for (let nth = first; ; nth += AT_ONCE * STRIDE) {
    const failed = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, index) => failsAt(nth + index * STRIDE)),
    );
    reached += failed.filter(Boolean).length;
    // A build that has ended before that sync: there are no more.
    if (failed.includes(false)) break;
  }
  expect(reached).toBeGreaterThan(2);
}, 240_000);

test('row 20: a log file alone that cannot be synced ends the master, too', async () => {
  expect(await failsAt((await syncsAtRest('/logs')) + 1, '/logs')).toBe(true);
}, 120_000);
