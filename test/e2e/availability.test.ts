/**
 * When workers may be used, each of the four ways, and how they leave: with real processes, seen from where builds go.
 */
import { appendFile, chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildResource, RETRY, type WorkerResource } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { end, type Finished, program, run, start, until } from '../support/processes.ts';
import { createWorld, type StepSpec, type World, type WorldOptions } from '../support/world.ts';

/** Says that it began, and runs until the file `go` is in the world's folder. */
const UNTIL_GO = 'touch ../../../../began; while ! test -e ../../../../go; do sleep 0.05; done';

async function setup(options: WorldOptions): Promise<World> {
  const world = await createWorld({ maxBuilds: 1, ...options });
  onTestFinished(() => world.remove());
  return world;
}

const shell = (command: string, name = 'test'): StepSpec => ({ type: 'shell', name, command });

/** `buildbot ARGS` as the master's administrator. */
function cli(world: World, ...args: string[]): Promise<Finished> {
  return run(program('cli', ...args, '--api', `unix:${join(world.basedir, 'master.sock')}`), {
    cwd: world.dir,
  });
}

/** What the owner of a worker's machine has in a crontab. */
function cron(world: World, name: string, ...words: string[]): Promise<Finished> {
  return run(program('cli', 'set-worker-availability', join(world.dir, name), ...words), { env: {} });
}

async function force(world: World): Promise<number> {
  const { stdout } = await cli(world, 'force', 'force', '--builder', 'linux');
  return Number(/queued as #(\d+)/.exec(stdout)?.[1]);
}

const builds = async (world: World): Promise<BuildResource[]> =>
  (await world.api<{ builds: BuildResource[] }>('/api/v2/builds?order=buildid')).builds;

async function worker(world: World, name: string): Promise<WorkerResource> {
  const { workers } = await world.api<{ workers: WorkerResource[] }>('/api/v2/workers');
  return workers.find((one) => one.name === name) as WorkerResource;
}

const becomes = (world: World, name: string, availability: string, rule: string): Promise<WorkerResource> =>
  until(`${name} to be ${availability} by ${rule}`, async () => {
    const one = await worker(world, name);
    return (
      one.connected_to.length > 0 &&
      one.availability === availability &&
      one.availability_rule === rule &&
      one
    );
  });

/** The n-th build, from 1, when it has ended; with the name of its worker. */
async function nthBuild(world: World, nth: number): Promise<BuildResource & { worker: string }> {
  const build = await until(`build ${nth} to end`, async () => {
    const one = (await builds(world))[nth - 1];
    return one?.complete && one;
  });
  const { workers } = await world.api<{ workers: WorkerResource[] }>(`/api/v2/workers/${build.workerid}`);
  return { ...build, worker: workers[0]?.name ?? '' };
}

const go = (world: World) => writeFile(join(world.dir, 'go'), '');
const began = (world: World) =>
  until('the build to begin', () =>
    run(['test', '-e', join(world.dir, 'began')]).then(({ code }) => code === 0),
  );

test("cron on the worker's machine decides who gets the next build, and what runs is finished", async () => {
  const world = await setup({ workers: 2, builders: { linux: [shell(UNTIL_GO)] } });
  expect(await cron(world, 'w2', 'unavailable')).toMatchObject({ code: 0, stderr: '' });
  await becomes(world, 'w2', 'unavailable', "worker's admin");
  await force(world);
  await began(world);
  const said = await cron(world, 'w1', 'unavailable', '--for', '2h', '--reason', 'maintenance');
  expect(said.stdout).toMatch(/^unavailable \(worker's admin: maintenance, until .*\d\d:\d\d\)\n$/);
  const { availability_reason, availability_until } = await becomes(
    world,
    'w1',
    'unavailable',
    "worker's admin",
  );
  expect([availability_reason, (availability_until ?? 0) - Date.now() / 1000]).toEqual([
    'maintenance',
    expect.closeTo(7200, -2),
  ]);
  await force(world);
  const waiting = await until('the second request to wait', async () => {
    const { buildrequests } = await world.api<{ buildrequests: { waiting_reason: string | null }[] }>(
      '/api/v2/buildrequests?complete=false&claimed=false',
    );
    return buildrequests[0]?.waiting_reason;
  });
  expect(waiting).toMatch(
    /^worker w1 is unavailable \(worker's admin: maintenance, for another 1h59m\), and 1 more take no builds$/,
  );
  expect((await cli(world, 'workers')).stdout).toMatch(
    /w1 .* unavailable \(worker's admin: maintenance, until /,
  );
  await go(world);
  expect(await nthBuild(world, 1)).toMatchObject({ worker: 'w1', results: 0 });
  await cron(world, 'w2', 'reluctant');
  expect(await nthBuild(world, 2)).toMatchObject({ worker: 'w2', results: 0 });
});

test('cron sets a worker that does not run, and it begins with that', async () => {
  const world = await setup({ workers: 2, builders: { linux: [shell('true')] }, start: false });
  await world.startMaster();
  expect((await cron(world, 'w1', 'reluctant')).code).toBe(0);
  await Promise.all([world.startWorker(0), world.startWorker(1)]);
  await becomes(world, 'w1', 'reluctant', "worker's admin");
  await becomes(world, 'w2', 'eager', 'default');
  await force(world);
  expect(await nthBuild(world, 1)).toMatchObject({ worker: 'w2' });
});

test('an account that may not write there is told so, and changes nothing', async () => {
  const world = await setup({ builders: { linux: [shell('true')] }, start: false });
  const basedir = join(world.dir, 'w1');
  await chmod(world.dir, 0o755);
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  // Closed altogether, then readable but not writable: the two ways to be refused.
  for (const mode of [0o000, 0o555]) {
    await chmod(basedir, mode);
    const words = program('cli', 'set-worker-availability', basedir, 'unavailable');
    const { code, stderr } = await run(words, { ...nobody, env: {} });
    await chmod(basedir, 0o700);
    expect([code, stderr]).toEqual([1, expect.stringContaining('error: you may not write')]);
    expect(await readdir(basedir)).not.toContain('availability');
  }
});

test('calendar and load rules decide who gets the next build', async () => {
  const world = await setup({ workers: 3, builders: { linux: [shell('true')] }, start: false });
  const configure = (name: string, rules: string) =>
    appendFile(join(world.dir, name, 'worker.yaml'), `availability: ${rules}\n`);
  await configure('w1', '{ calendar: [{ days: mon-sun, timezone: UTC, be: reluctant, reason: always }] }');
  // The machine that runs this test is never as idle as that.
  await configure('w2', '{ load: { above: 0.0001, for: 0s, be: unavailable } }');
  await world.startMaster();
  await Promise.all([0, 1, 2].map((index) => world.startWorker(index)));
  expect((await becomes(world, 'w1', 'reluctant', "worker's calendar")).availability_reason).toBe('always');
  expect((await becomes(world, 'w2', 'unavailable', "worker's load")).availability_reason).toBe(
    'above 0.0001 for 0s',
  );
  await becomes(world, 'w3', 'eager', 'default');
  await force(world);
  expect(await nthBuild(world, 1)).toMatchObject({ worker: 'w3' });
  await cron(world, 'w3', 'unavailable');
  await becomes(world, 'w3', 'unavailable', "worker's admin");
  await force(world);
  expect(await nthBuild(world, 2)).toMatchObject({ worker: 'w1' });
});

test("the master's admin decides, also over a restart of the master, and it ends by itself", async () => {
  const world = await setup({ workers: 2, builders: { linux: [shell('true')] } });
  const set = await cli(world, 'workers', 'set', 'w1', 'unavailable', '--for', '6s', '--reason', 'bad disk');
  expect(set).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("w1: unavailable (master's admin: bad disk"),
  });
  await becomes(world, 'w1', 'unavailable', "master's admin");
  await force(world);
  expect(await nthBuild(world, 1)).toMatchObject({ worker: 'w2' });
  if (world.master) await end(world.master);
  await world.startMaster();
  expect(await worker(world, 'w1')).toMatchObject({
    availability: 'unavailable',
    admin_availability: { by: 'administrator', reason: 'bad disk' },
  });
  expect(await becomes(world, 'w1', 'eager', 'default')).toMatchObject({ admin_availability: null });
  expect((await cron(world, 'w1', 'reluctant')).code).toBe(0);
  await becomes(world, 'w1', 'reluctant', "worker's admin");
  const other = await cli(world, 'workers', 'set', 'w1', 'eager');
  expect(other.stdout).toBe(
    "w1: eager (master's admin)\nbut a lower rule decides: reluctant (worker's admin)\n",
  );
});

test("a developer's key does not set what only administrators may", async () => {
  const world = await setup({ builders: { linux: [shell('true')] } });
  const work = await world.clone();
  const { code, stderr } = await world.buildbot(work, ['workers', 'set', 'w1', 'unavailable']);
  expect([code, stderr]).toEqual([
    5,
    expect.stringContaining('no rule of the master allows this to you (alice)'),
  ]);
  expect(await worker(world, 'w1')).toMatchObject({ availability: 'eager', admin_availability: null });
});

test('the more urgent of two tries goes first, and none is more urgent than the scheduler allows', async () => {
  const schedulers = [{ type: 'try', name: 'try', builders: ['linux'], maxPriority: 5 }];
  const world = await setup({ builders: { linux: [shell('true')] }, config: { schedulers } });
  const work = await world.clone();
  const attempt = (...words: string[]) => world.buildbot(work, ['try', '--no-wait', '--yes', ...words]);
  await cron(world, 'w1', 'unavailable');
  await becomes(world, 'w1', 'unavailable', "worker's admin");
  expect((await attempt()).code).toBe(75);
  expect((await attempt('--priority', '5')).code).toBe(75);
  const refused = await attempt('--priority', '6');
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('the priority 6 is above')]);
  await cron(world, 'w1', 'eager');
  expect((await nthBuild(world, 1)).buildrequestid).toBe(2);
  expect((await nthBuild(world, 2)).buildrequestid).toBe(1);
});

test('a worker that is asked to stop between two commands of a build stays until the build has ended', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'late-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const repository = join(dir, 'late.git');
  const world = await setup({
    builders: {
      linux: [
        { type: 'checkout', retry: { attempts: 40, delay: '1s' }, repository },
        shell('echo second step'),
      ],
    },
  });
  await force(world);
  // The repository is not there yet: between two tries no command runs on the worker.
  await until('a first try of the checkout', async () => {
    const { logs = [] } = await world.api<{ logs?: { num_lines: number }[] }>(
      '/api/v2/builds/1/steps/0/logs',
    );
    return logs.some((log) => log.num_lines > 1);
  });
  const stop = start(program('worker', 'stop', join(world.dir, 'w1')));
  await stop.says(/waiting for the master to say that no build is left here/);
  await until('w1 to be leaving', async () => (await worker(world, 'w1')).graceful);
  await force(world);
  await world.git(world.dir, 'clone', '-q', '--bare', world.upstream, repository);
  expect(await nthBuild(world, 1)).toMatchObject({ worker: 'w1', results: 0, attempt: 1 });
  expect(await stop.finished).toMatchObject({ code: 0, stdout: expect.stringMatching(/stopped\n$/) });
  expect(await world.workers[0]?.finished).toMatchObject({ code: 0 });
  expect(await builds(world)).toHaveLength(1);
});

test.each([
  [
    'a second signal',
    async (world: World) => {
      const first = start(program('worker', 'stop', join(world.dir, 'w1')));
      await first.says(/waiting for 1 command to end/);
      return run(program('worker', 'stop', join(world.dir, 'w1')));
    },
  ],
  ['stop --now', (world: World) => run(program('worker', 'stop', join(world.dir, 'w1'), '--now'))],
  [
    'stop --timeout',
    (world: World) => run(program('worker', 'stop', join(world.dir, 'w1'), '--timeout', '1s')),
  ],
])('%s ends a worker at once, and its build is tried again with nothing counted', async (_, stop) => {
  const world = await setup({ builders: { linux: [shell(UNTIL_GO)] } });
  await force(world);
  await began(world);
  expect(await stop(world)).toMatchObject({ code: 0, stdout: expect.stringMatching(/stopped\n$/) });
  const state_string = 'worker w1: it was shut down';
  expect(await nthBuild(world, 1)).toMatchObject({ results: RETRY, infrastructure: false, state_string });
  const { buildrequests } = await world.api<{ buildrequests: object[] }>('/api/v2/buildrequests');
  expect(buildrequests).toMatchObject([{ state: 'pending', attempts: 1, failures: 0, not_before: null }]);
});

test.each([
  ['stop', 0],
  ['kill', 5],
])('an administrator takes a worker out of service through the API: %s', async (method, results) => {
  const world = await setup({ builders: { linux: [shell(UNTIL_GO)] } });
  await force(world);
  await began(world);
  await control(world, 'workers/w1', method);
  await until('w1 to be leaving', async () => (await worker(world, 'w1')).graceful);
  if (method === 'stop') await go(world);
  expect(await nthBuild(world, 1)).toMatchObject({ results });
  expect(await world.workers[0]?.finished).toMatchObject({ code: 3 });
});

/** A control method without parameters, as the administrator. */
async function control({ basedir }: World, path: string, method: string): Promise<void> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: {} });
  const socket = ['--unix-socket', join(basedir, 'master.sock'), '-H', 'content-type: application/json'];
  const { code, stdout } = await run([
    'curl',
    '-sS',
    '-X',
    'POST',
    ...socket,
    '-d',
    body,
    `http://x/api/v2/${path}`,
  ]);
  expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ result: null })]);
}
