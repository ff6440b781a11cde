/** A master that is frozen (a paused machine, a stopped process) for longer than any keepalive. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../support/processes.ts';
import { scaled } from '../support/scale.ts';
import { makeFaultWorld } from './fault-world.ts';

/** Ten times the keepalive; row 10 of the fault matrix asks for a minute. */
const FROZEN_MS = scaled(4000, 60_000);

test(
  'row 10: a master that was frozen takes no worker for lost, and the build goes on',
  async () => {
    const world = await makeFaultWorld({
      workerLink: { keepalive: '400ms', timeout: '200ms', grace: '120s' },
    });
    onTestFinished(() => world.close());
    const master = await world.startMaster();
    const worker = await world.startWorker();
    const [begun, go] = [join(world.dir, 'begun'), join(world.dir, 'go')];
    await world.force(
      `touch ${begun}; n=0; while [ ! -e ${go} ]; do n=$((n+1)); echo $n; sleep 0.01; done; echo last`,
    );
    await until('the build runs', async () => existsSync(begun));
    master.child.kill('SIGSTOP');
    await worker.says(/not connected/);
    const thaw = performance.now() + FROZEN_MS;
    await until('it was frozen for long', async () => performance.now() > thaw, 2 * FROZEN_MS);
    master.child.kill('SIGCONT');
    await until(
      'the worker is back',
      async () => (worker.stderr().match(/connected to ws/g) ?? []).length >= 2,
    );
    writeFileSync(go, '');
    const { buildid, results } = await world.finished();
    expect(results).toBe(0);
    expect(await world.builds()).toHaveLength(1);
    const lines = (await world.logText(buildid)).trim().split('\n');
    expect(lines.at(-1)).toBe('last');
    expect(lines.slice(0, -1)).toEqual(lines.slice(0, -1).map((_, index) => String(index + 1)));
  },
  60_000 + FROZEN_MS,
);
