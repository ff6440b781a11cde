/** Two processes with the name and password of one worker. */
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { end, isAlive, start, until } from '../support/processes.ts';
import { makeFaultWorld } from './fault-world.ts';

const WORKER = fileURLToPath(new URL('./buildbot-worker.ts', import.meta.url));

test('row 41: the newer process takes over, the older ends all it ran and leaves, and the build survives as a new attempt', async () => {
  const world = await makeFaultWorld({ retry: { delay: '1s' } });
  onTestFinished(() => world.close());
  await world.startMaster();
  const elsewhere = join(world.dir, 'elsewhere');
  cpSync(world.workerDir, elsewhere, { recursive: true });
  const older = await world.startWorker();
  const pid = join(world.dir, 'pid');
  await world.force(`[ "$1" = 2 ] && exit 0; echo $$ > ${pid}; exec sleep 1000`);
  await until('the build runs', async () => existsSync(pid) && readFileSync(pid, 'utf8').endsWith('\n'));

  const newer = start([process.execPath, '-C', 'source', WORKER, 'run', elsewhere]);
  onTestFinished(() => end(newer, 'SIGKILL').then(() => undefined));
  expect(await older.finished).toMatchObject({ code: 3, stderr: expect.stringContaining('another process') });
  expect(await isAlive(Number(readFileSync(pid, 'utf8')))).toBe(false);
  expect(await world.finished(2)).toMatchObject({ results: 0 });
  expect(await world.builds()).toMatchObject([
    { infrastructure: true, state_string: expect.stringContaining('w1 died or was restarted') },
    { infrastructure: false, results: 0 },
  ]);
  expect(newer.child.exitCode).toBeNull();
});
