/** Wall clocks that jump by a day in the middle of a build. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../support/processes.ts';
import { shiftedClock } from '../support/shims/shims.ts';
import { makeFaultWorld } from './fault-world.ts';

const DAY_MS = 86_400_000;

/** Every object in a JSON value. */
function objectsIn(value: unknown): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(objectsIn);
  return Array.isArray(value) ? inner : [value as Record<string, unknown>, ...inner];
}

test.each(['master', 'worker'] as const)(
  'row 24: a clock of the %s that jumps by a day, either way, ends no build early and makes no duration negative',
  async (who) => {
    const world = await makeFaultWorld({ workerLink: { keepalive: '1s', timeout: '1s', grace: '10s' } });
    onTestFinished(() => world.close());
    const clock = await shiftedClock();
    await world.startMaster(who === 'master' ? clock.env : {});
    const worker = await world.startWorker(who === 'worker' ? clock.env : {});
    const begun = join(world.dir, 'begun');
    const go = join(world.dir, 'go');
    await world.force(`touch ${begun}; while [ ! -e ${go} ]; do sleep 0.05; done; echo done`);
    await until('the build runs', async () => existsSync(begun));
    for (const shift of [DAY_MS, -DAY_MS]) {
      await clock.shift(shift);
      // Longer than any keepalive: whoever counts by the wall clock has cut the connection by then.
      const later = performance.now() + 2500;
      await until('time has passed', async () => performance.now() > later);
    }
    writeFileSync(go, '');
    expect(await world.finished()).toMatchObject({ results: 0 });
    expect(await world.builds()).toHaveLength(1);
    expect(worker.stderr().match(/connected to/g)).toHaveLength(1);
    for (const path of ['builds/1/steps', 'builds', 'buildrequests', 'buildsets']) {
      for (const row of objectsIn(await world.api.get(`/api/v2/${path}`))) {
        const began = row.claimed_at ?? row.started_at ?? row.submitted_at;
        if (began === undefined || began === null) continue;
        expect(row.complete_at).toBeGreaterThanOrEqual(began as number);
      }
    }
  },
);

test('row 24: a build that its worker lost is tried again as soon as ever, though the clock was set back by a day', async () => {
  const world = await makeFaultWorld({
    workerLink: { keepalive: '1s', timeout: '1s', grace: '2s' },
    retry: { delay: '2s', maxDelay: '4s' },
  });
  onTestFinished(() => world.close());
  const clock = await shiftedClock();
  await world.startMaster(clock.env);
  const worker = await world.startWorker();
  await world.force('touch begun; sleep 1000');
  await until('it runs', async () => existsSync(join(world.workerDir, 'builds/b/build/begun')));
  worker.child.kill('SIGKILL');
  await world.finished();
  await clock.shift(-DAY_MS);
  await world.startWorker();
  await until('it is tried again', async () => (await world.builds()).length === 2);
});
