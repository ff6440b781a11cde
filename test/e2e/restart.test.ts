/**
 * The master may be killed at any moment: what was queued is built, what was running goes on where it is, nothing is lost
 * or doubled. What a killed worker had is tried again and recorded, and no process of a build outlives it. `SEED=n`
 * repeats a run.
 */
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BuildRequestResource, BuildResource } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { end, type Program, until } from '../support/processes.ts';
import { createWorld, type World, type WorldOptions } from '../support/world.ts';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const RETRY = 5;

async function setup(options: WorldOptions): Promise<World & { work: string }> {
  const world = await createWorld(options);
  onTestFinished(() => world.remove());
  return Object.assign(world, { work: await world.clone() });
}

const builds = async (world: World): Promise<BuildResource[]> =>
  (await world.api<{ builds: BuildResource[] }>('/api/v2/builds')).builds;
const requests = async (world: World): Promise<BuildRequestResource[]> =>
  (await world.api<{ buildrequests: BuildRequestResource[] }>('/api/v2/buildrequests')).buildrequests;

/** Put a job straight into the try directory: accepted as soon as it is there, master or not. */
async function drop({ jobdir }: World, jobId: string, builder: string): Promise<void> {
  const json = JSON.stringify({
    ...{ jobid: jobId, branch: 'main', baserev: '', patch_level: 1, patch_body: null, repository: '' },
    ...{ project: '', who: null, comment: null, builderNames: [builder], properties: { id: jobId } },
  });
  await writeFile(join(jobdir, 'tmp', jobId), `1:5,${json.length}:${json},`);
  await rename(join(jobdir, 'tmp', jobId), join(jobdir, 'new', jobId));
}

/** Every process of a build writes its id into a file `pids` in the world's folder. */
const NOTE_PID = 'echo $$ >> ../../../../pids';

async function notedPids({ dir }: World): Promise<number[]> {
  const text = await readFile(join(dir, 'pids'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean).map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function allGone(world: World, what: string): Promise<void> {
  await until(what, async () => !(await notedPids(world)).some(isAlive));
}

async function kill9(program: Program | null | undefined): Promise<void> {
  if (program) await end(program, 'SIGKILL');
}

function randomFrom(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test(`row 5: a master killed at random moments loses and doubles nothing (SEED=${seed})`, async () => {
  const world = await setup({
    builders: {
      work: [
        {
          type: 'shell',
          name: 'run',
          command: `${NOTE_PID}; sleep 0.3; echo %(prop:id)s >> ../../../../done`,
        },
      ],
    },
  });
  const random = randomFrom(seed);
  const ids: string[] = [];
  for (let round = 0; round < 5; round++) {
    for (let count = 0; count < 5; count++) {
      ids.push(`job-${round}-${count}`);
      await drop(world, ids.at(-1) as string, 'work');
    }
    await delay(random(1_500));
    await kill9(world.master);
    // Jobs that come while no master runs wait in the directory.
    ids.push(`job-${round}-away`);
    await drop(world, ids.at(-1) as string, 'work');
    await world.startMaster();
  }
  await until(
    'every job to be built',
    async () => {
      const all = await requests(world);
      return all.length === ids.length && all.every(({ complete }) => complete);
    },
    60_000,
  );
  const sets = await world.api<{ buildsets: { external_idstring: string; results: number }[] }>(
    '/api/v2/buildsets',
  );
  expect(sets.buildsets.map(({ external_idstring }) => external_idstring).toSorted()).toEqual(ids.toSorted());
  const all = await builds(world);
  expect(all.every(({ complete }) => complete)).toBe(true);
  // The worker was there all the time, so every build went on: none was begun a second time.
  expect(all).toHaveLength(ids.length);
  expect(all.map(({ results }) => results)).toEqual(ids.map(() => 0));
  const done = (await readFile(join(world.dir, 'done'), 'utf8')).trim().split('\n');
  expect(done.toSorted()).toEqual(ids.toSorted());
  await allGone(world, 'no process of any attempt is left');
}, 120_000);

/** Steps of several commands each, one line in `marks` for each time one is run, and in the middle one that waits. */
const LONG_BUILD = [
  { type: 'checkout' },
  { type: 'shell', name: 'before', command: 'echo before >> ../../../../marks; seq 1 3000' },
  {
    ...{ type: 'shell', name: 'wait' },
    command: `${NOTE_PID}; echo wait >> ../../../../marks; seq 1 20000; while [ ! -e ../../../../go ]; do sleep 0.05; done; seq 20001 40000`,
  },
  { type: 'shell', name: 'after', command: 'echo after >> ../../../../marks; seq 1 3000' },
];

const numbers = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join('');
const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');

test('rows 5 and 6: a master killed in the middle of a step: it goes on, what has ended is not run again, logs are exact', async () => {
  const world = await setup({ builders: { long: LONG_BUILD } });
  const following = world.startBuildbot(world.work, ['try', '--json']);
  await until('the step to run', async () => (await notedPids(world)).length === 1);
  for (let life = 0; life < 2; life++) {
    await kill9(world.master);
    await world.startMaster();
  }
  await writeFile(join(world.dir, 'go'), '');
  const { code, stdout, stderr } = await following.finished;
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  expect(JSON.parse(stdout).result).toBe('success');
  expect(await builds(world)).toMatchObject([{ attempt: 1, results: 0, state_string: 'build successful' }]);
  expect(await readFile(join(world.dir, 'marks'), 'utf8')).toBe('before\nwait\nafter\n');
  const expected = [numbers(1, 3000), numbers(1, 40_000), numbers(1, 3000)].map(sha256);
  const logs = ['before', 'wait', 'after'].map((step) =>
    world.apiBytes(`/api/v2/builds/1/steps/${step}/logs/stdio/raw_inline`),
  );
  expect((await Promise.all(logs)).map(sha256)).toEqual(expected);
}, 90_000);

test('a worker started anew while the master was away: its build is tried again, and says why', async () => {
  const world = await setup({
    builders: {
      slow: [
        {
          ...{ type: 'shell', name: 'wait' },
          command: `${NOTE_PID}; while [ ! -e ../../../../go ]; do sleep 0.05; done`,
        },
      ],
    },
    config: { retry: { delay: 0 } },
  });
  await drop(world, 'lost', 'slow');
  await until('the step to run', async () => (await notedPids(world)).length === 1);
  await kill9(world.master);
  await kill9(world.workers.pop());
  await world.startMaster();
  await world.startWorker();
  await until('a second attempt', async () => (await notedPids(world)).length === 2);
  await writeFile(join(world.dir, 'go'), '');
  await until('its end', async () => (await requests(world)).every(({ complete }) => complete));
  const [lost, passed] = (await builds(world)).toSorted((a, b) => a.buildid - b.buildid);
  expect(lost).toMatchObject({
    results: RETRY,
    state_string: expect.stringContaining('worker w1 died or was restarted while '),
  });
  expect(passed).toMatchObject({ results: 0, buildrequestid: lost?.buildrequestid, attempt: 2 });
  await allGone(world, 'the processes of both attempts to end');
}, 90_000);

test('a recipe changed while the master was away: the build begins anew, and names the step', async () => {
  const wait = { type: 'shell', name: 'wait', command: `${NOTE_PID}; exec sleep 600` };
  const world = await setup({ builders: { slow: [wait] } });
  await drop(world, 'changed', 'slow');
  const [pid = 0] = await until('the step to run', async () => {
    const pids = await notedPids(world);
    return pids.length === 1 && pids;
  });
  await kill9(world.master);
  const file = join(world.basedir, 'master.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('exec sleep 600', 'echo quick'));
  await world.startMaster();
  await until('its end', async () => (await requests(world)).every(({ complete }) => complete));
  const [first, second] = (await builds(world)).toSorted((a, b) => a.buildid - b.buildid);
  expect(first).toMatchObject({
    results: RETRY,
    state_string: "step 'wait' was changed in the configuration while the master was away",
  });
  expect(second).toMatchObject({ results: 0, attempt: 2 });
  await until('the old command to be ended', async () => !isAlive(pid));
}, 90_000);

test('asked to end, a master with running builds and watchers does so at once and keeps the queue', async () => {
  const world = await setup({
    builders: {
      slow: [
        {
          ...{ type: 'shell', name: 'wait' },
          command: `${NOTE_PID}; while [ ! -e ../../../../go ]; do sleep 0.05; done`,
        },
      ],
    },
    maxBuilds: 1,
  });
  const following = world.startBuildbot(world.work, ['try', '--json']);
  await until('the step to run', async () => (await notedPids(world)).length === 1);
  for (const name of ['a', 'b', 'c']) await drop(world, name, 'slow');
  await until('the queue', async () => (await requests(world)).length === 4);
  const [pid = 0] = await notedPids(world);
  world.master?.child.kill('SIGTERM');
  const ended = await Promise.race([
    world.master?.finished,
    delay(5_000).then(() => 'still there after 5 s'),
  ]);
  expect(ended).toMatchObject({ code: 0 });
  expect(isAlive(pid)).toBe(true);
  await world.startMaster();
  await writeFile(join(world.dir, 'go'), '');
  await until('all to be built', async () =>
    (await requests(world)).every(({ complete, results }) => complete && results === 0),
  );
  expect((await following.finished).code).toBe(0);
  expect((await builds(world)).every(({ attempt }) => attempt === 1)).toBe(true);
}, 90_000);

test('a queued request is cancelled with name and reason, and the try that waits for it ends with 3', async () => {
  const world = await setup({
    builders: { slow: [{ type: 'shell', name: 'wait', command: ['sleep', '20'] }] },
    maxBuilds: 1,
  });
  const running = await world.buildbot(world.work, ['try', '--no-wait']);
  expect([running.code, running.stderr]).toEqual([75, '']);
  await until('the worker to be busy', async () => (await builds(world)).length === 1);
  const waiting = world.startBuildbot(world.work, ['try']);
  const queued = await until('the second request', async () =>
    (await requests(world)).find(({ buildsetid }) => buildsetid === 2),
  );
  const cancel = await world.buildbot(world.work, [
    'cancel',
    String(queued.buildrequestid),
    '--reason',
    'not needed',
  ]);
  expect([cancel.code, cancel.stderr]).toEqual([0, '']);
  const { code, stdout } = await waiting.finished;
  expect(code).toBe(3);
  expect(stdout).toContain('■ slow cancelled by alice: not needed');
  expect(await builds(world)).toHaveLength(1);
}, 90_000);

/** Processes that try to get away: new sessions, double forks, an empty environment, deaf to TERM. */
const FUGITIVES = [
  `setsid sh -c '${NOTE_PID}; sleep 600' &`,
  `(setsid sh -c '${NOTE_PID}; trap "" TERM; sleep 600 & wait; sleep 600' &) &`,
  `sh -c '${NOTE_PID}; trap "" TERM HUP INT; while :; do sleep 1; done' &`,
  `env -i PATH="$PATH" setsid sh -c '${NOTE_PID}; sleep 600' &`,
].join('\n');

test('stopping a build ends all its processes, wherever they fled to', async () => {
  const world = await setup({
    builders: { flees: [{ type: 'shell', name: 'flee', command: `${FUGITIVES}\nwait` }] },
  });
  const following = world.startBuildbot(world.work, ['try', '--json']);
  await until('all processes', async () => (await notedPids(world)).length === 4);
  const stop = await world.buildbot(world.work, ['stop', '1', '--reason', 'enough']);
  expect([stop.code, stop.stderr]).toEqual([0, '']);
  expect((await following.finished).code).toBe(3);
  await allGone(world, 'the processes to end');
}, 90_000);

test('a step that leaves processes behind ends by itself, and so do they', async () => {
  const world = await setup({
    builders: { leaves: [{ type: 'shell', name: 'leave', command: `${FUGITIVES}\nsleep 0.5; echo done` }] },
  });
  const { code } = await world.buildbot(world.work, ['try', '--json']);
  expect(code).toBe(0);
  expect(await notedPids(world)).toHaveLength(4);
  await allGone(world, 'the processes to end');
}, 90_000);

test('a worker that is asked to end twice takes its processes with it; one that is killed leaves none to the next', async () => {
  const world = await setup({
    builders: { slow: [{ type: 'shell', name: 'wait', command: `${NOTE_PID}; sleep 600` }] },
  });
  const isStarted = (count: number) => async () => (await notedPids(world)).length === count;
  await drop(world, 'killed', 'slow');
  await until('the build to run', isStarted(1));
  await kill9(world.workers.pop());
  await world.startWorker();
  const lost = await until('the build to end', async () =>
    (await builds(world)).find(({ complete }) => complete),
  );
  // Its request goes back to the queue: whoever was building it is to blame, not the developer.
  expect(lost).toMatchObject({
    results: RETRY,
    state_string: expect.stringContaining('failure 1 of 3, tried again after'),
  });
  await allGone(world, 'the orphan to end');
  await drop(world, 'ended', 'slow');
  await until('the next build to run', isStarted(2));
  // Asked once it waits for its builds, asked twice it ends.
  const worker = world.workers.pop() as Program;
  worker.child.kill('SIGTERM');
  await worker.says(/waiting for/);
  expect((await end(worker)).code).toBe(0);
  await allGone(world, 'its processes to end');
}, 90_000);
