/** A disk that does not keep what it was given: the master stops rather than lies, and the next one has all it promised. */
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../support/processes.ts';
import { failingDisk } from '../support/shims/shims.ts';
import { type FaultWorld, makeFaultWorld } from './fault-world.ts';

/** Run one build to its end, as far as the master lives; answers the build sets that were accepted. */
async function useMaster(world: FaultWorld, isGone: () => boolean): Promise<number[]> {
  const accepted: number[] = [];
  try {
    accepted.push(await world.force('for i in 1 2 3; do echo $i; sleep 0.3; done'));
    await until('the build is complete, or the master gone', async () => {
      return isGone() || (await world.builds()).every(({ complete }) => complete);
    });
  } catch (error) {
    if (!isGone()) await until(`the master is gone after: ${error}`, async () => isGone());
  }
  return accepted;
}

async function countSyncs(): Promise<{ begin: number; end: number }> {
  const world = await makeFaultWorld();
  onTestFinished(() => world.close());
  const disk = await failingDisk({ prefix: world.masterDir, kind: 'sync', nth: 0, error: 'EIO' });
  const master = await world.startMaster(disk.env);
  await world.startWorker();
  const begin = await disk.calls();
  await useMaster(world, () => master.child.exitCode !== null);
  return { begin, end: await disk.calls() };
}

test('row 20: whichever sync of a build fails, the master says so and ends, and the next one has what was accepted', async () => {
  const { begin, end } = await countSyncs();
  expect(end).toBeGreaterThan(begin + 2);
  for (const part of [0, 0.5, 0.9]) {
    const nth = Math.round(begin + 1 + part * (end - begin - 1));
    const world = await makeFaultWorld({ retry: { delay: '1s' } });
    onTestFinished(() => world.close());
    const disk = await failingDisk({ prefix: world.masterDir, kind: 'sync', nth, error: 'EIO' });
    const master = await world.startMaster(disk.env);
    await world.startWorker();
    const accepted = await useMaster(world, () => master.child.exitCode !== null);
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
  }
}, 120_000);
