/** Whoever reads what a daemon says, a supervisor's logger or a pipe, may go away before it. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { end, until } from '../support/processes.ts';
import { makeFaultWorld } from './fault-world.ts';

test('a worker whose output nobody reads any more loses no build', async () => {
  const world = await makeFaultWorld();
  onTestFinished(() => world.close());
  const master = await world.startMaster();
  const worker = await world.startWorker();
  const [begun, go] = [join(world.dir, 'begun'), join(world.dir, 'go')];
  await world.force(`touch ${begun}; while [ ! -e ${go} ]; do sleep 0.05; done`);
  await until('the build runs', async () => existsSync(begun));
  worker.child.stdout?.destroy();
  worker.child.stderr?.destroy();
  // It has something to say about that.
  await end(master, 'SIGKILL');
  await world.startMaster();
  await until('the worker is back', async () => (await world.builds())[0]?.complete === false);
  writeFileSync(go, '');
  expect(await world.finished(1)).toMatchObject({ results: 0, attempt: 1 });
  expect(worker.child.exitCode).toBeNull();
});
