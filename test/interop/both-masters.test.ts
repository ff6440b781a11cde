/** The commands that follow and steer a master do the same at ours and at a real Buildbot 3.7. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Finished, until } from '../support/processes.ts';
import { REAL_BUILDBOT, startRealMaster } from '../support/real-buildbot.ts';
import { createWorld, type World } from '../support/world.ts';

/** Starting Python twice, with room for a busy machine. */
const START_TIMEOUT_MS = 90_000;

const MASTERS = [
  { master: 'ours', isReal: false },
  // Without Debian's package there is nothing to test with; under CI that is a failure (tools/test.mjs).
  ...(existsSync(REAL_BUILDBOT) ? [{ master: 'a real Buildbot', isReal: true }] : []),
];

describe.each(MASTERS)('at $master', ({ isReal }) => {
  let world: World;
  let flags: string;
  let buildbot: (...args: string[]) => Promise<Finished>;
  let stopMaster = async (): Promise<void> => {};

  beforeAll(async () => {
    flags = await mkdtemp(join(tmpdir(), 'both-'));
    // Fails, unless it is to wait.
    const script = `echo first; touch ${flags}/running; while [ -e ${flags}/wait ]; do sleep 0.05; done; echo last; exit 1`;
    const command = ['sh', '-c', script];
    const shell = [{ type: 'shell', name: 'run', command }];
    world = await createWorld(isReal ? { start: false } : { builders: { shell } });
    const work = await world.clone();
    let api = `unix:${world.basedir}/master.sock`;
    if (isReal) {
      const real = await startRealMaster(world.dir, world.upstream, command);
      stopMaster = real.stop;
      api = real.api;
    }
    buildbot = (...args) => world.buildbot(work, [...args, '--api', api]);
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await stopMaster();
    await world.remove();
    await rm(flags, { recursive: true });
  });

  test('force waits for the end of what it began, and its log can be read', async () => {
    const forced = await buildbot('force', 'force', '-b', 'shell', '--wait');
    expect([forced.code, forced.stderr]).toEqual([1, '']);
    expect(forced.stdout).toMatch(/^✗ shell\/1 › run failed/m);
    const { code, stdout } = await buildbot('log', 'shell/1', 'run');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^ ?first\n ?last$/m)]);
  });

  test('rebuild takes what failed of a try, and watch has its exit code', async () => {
    const rebuilt = await buildbot('rebuild', '--failed', 'shell/1');
    const [, id = ''] = /^shell queued as #(\d+);/.exec(rebuilt.stdout) ?? [];
    const { code, stdout } = await buildbot('watch', id, '--json');
    expect([code, JSON.parse(stdout)]).toMatchObject([
      1,
      { result: 'failure', builds: [{ builder: 'shell' }] },
    ]);
  });

  test('builders and workers are listed', async () => {
    const { builders } = JSON.parse((await buildbot('builders', '--json')).stdout);
    expect(builders).toContainEqual(expect.objectContaining({ name: 'shell', last: expect.anything() }));
    const { workers } = JSON.parse((await buildbot('workers', '--json')).stdout);
    expect(workers).toMatchObject([{ connected: true, paused: false }]);
  });

  test('watch shows the farm', async () => {
    const { code, stdout, stderr } = await buildbot('watch', '--json');
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'buildbot.watch/1', running: 0, waiting: 0 });
    const { rows, workers } = JSON.parse(stdout);
    expect(rows).toContainEqual(expect.objectContaining({ builder: 'shell', running: [], waiting: 0 }));
    expect(workers).toMatchObject({ connected: 1, total: 1 });
    const lines = await buildbot('watch', '--timeout', '1s');
    expect([lines.code, lines.stderr]).toEqual([124, '']);
    expect(lines.stdout).toContain('shell');
  });

  test('stop ends a build that runs, with a reason', async () => {
    await rm(join(flags, 'running'));
    await writeFile(join(flags, 'wait'), '');
    const queued = await buildbot('rebuild', 'shell/1');
    await until('the step to run', async () => existsSync(join(flags, 'running')));
    const stopped = await buildbot('stop', 'shell', '-r', 'no longer wanted');
    expect([stopped.code, stopped.stdout]).toEqual([0, expect.stringContaining('no longer wanted')]);
    const [, id = ''] = /#(\d+)/.exec(queued.stdout) ?? [];
    expect((await buildbot('watch', id)).code).toBe(3);
  });

  test('what there is not is refused in the same words', async () => {
    for (const [args, reason] of [
      [['force', 'nobody'], "there is no force scheduler 'nobody'"],
      [['force', 'force', '-b', 'shelk'], "there is no builder 'shelk'\nDid you mean 'shell'?"],
      [['log', 'shell/4711'], 'there is no build shell/4711'],
      [['stop', '4711'], 'there is no build 4711'],
    ] as const) {
      const { code, stderr } = await buildbot(...args);
      expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
    }
  });
});
