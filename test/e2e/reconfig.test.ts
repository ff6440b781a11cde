/**
 * A changed configuration is taken over by a running master: by `buildbot-master reconfig` and by SIGHUP, with real
 * processes. What has not changed is not disturbed, and a file that is not sound changes nothing.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { end, type Finished, program, run, until } from '../support/processes.ts';
import { createWorld, type World, type WorldOptions } from '../support/world.ts';

interface Config {
  title: string;
  listen: Record<string, unknown>;
  workers: { name: string; password: string; maxBuilds: number }[];
  builders: { name: string; workers: string[]; steps: object[] }[];
  schedulers: { type: string; name: string; builders: string[]; jobdir?: string }[];
}

interface Farm extends World {
  config: Config;
  /** Write another configuration. */
  write(change: Partial<Config>): Promise<void>;
  reconfig(): Promise<Finished>;
  /** Put a job into a try directory. */
  drop(jobId: string, builder: string, jobdir?: string): Promise<void>;
  /** How the builds of a builder stand, in the order of their numbers: its results, or `null` while it runs. */
  results(builder: string): Promise<(number | null)[]>;
}

async function setup(options: WorldOptions): Promise<Farm> {
  const world = await createWorld(options);
  onTestFinished(() => world.remove());
  const file = join(world.basedir, 'master.yaml');
  const config = parse(await readFile(file, 'utf8')) as Config;
  return Object.assign(world, {
    config,
    write: (change: Partial<Config>) => writeFile(file, stringify({ ...config, ...change })),
    reconfig: () => run(program('master', 'reconfig', world.basedir)),
    drop: (jobId: string, builder: string, jobdir = world.jobdir) => drop(jobdir, jobId, builder),
    async results(builder: string) {
      const path = `/api/v2/builders/${builder}/builds?order=number`;
      const { builds } = await world.api<{ builds: { results: number | null }[] }>(path);
      return builds.map(({ results }) => results);
    },
  });
}

async function drop(jobdir: string, jobId: string, builder: string): Promise<void> {
  const json = JSON.stringify({
    ...{ jobid: jobId, branch: 'main', baserev: '', patch_level: 1, patch_body: null, repository: '' },
    ...{ project: '', who: null, comment: null, builderNames: [builder], properties: {} },
  });
  await writeFile(join(jobdir, 'tmp', jobId), `1:5,${json.length}:${json},`);
  await rename(join(jobdir, 'tmp', jobId), join(jobdir, 'new', jobId));
}

/** A build that ends when there is a file `go` in the world's folder, and then fails if it has lost its environment. */
const UNTIL_GO = {
  type: 'shell',
  name: 'wait',
  command: 'until test -e ../../../../go; do sleep 0.05; done',
};
const QUICK = { type: 'shell', name: 'quick', command: 'true' };

const go = ({ dir }: World): Promise<void> => writeFile(join(dir, 'go'), '');
const without = <T extends { name: string }>(items: T[], name: string): T[] =>
  items.filter((item) => item.name !== name);

/** Resolves when the log of the master has so many lines that match. */
async function logged({ master }: World, pattern: RegExp, times = 1): Promise<void> {
  await until(`the log to say ${pattern}`, async () => {
    const lines = master?.stderr().split('\n') ?? [];
    return lines.filter((line) => pattern.test(line)).length >= times;
  });
}

test('row 38: a builder that is taken out while it builds ends what runs, and what waits for it says so', async () => {
  const farm = await setup({ builders: { old: [UNTIL_GO], stays: [UNTIL_GO] }, maxBuilds: 2 });
  for (const id of ['first', 'second', 'third']) await farm.drop(id, 'old');
  await until('two builds to run', async () => (await farm.results('old')).length === 2);
  const builders = without(farm.config.builders, 'old');
  const mac = { name: 'mac', workers: ['w1'], steps: [QUICK] };
  const schedulers = farm.config.schedulers.map((one) => ({ ...one, builders: ['stays', 'mac'] }));
  await farm.write({ builders: [...builders, mac], schedulers });
  expect(await farm.reconfig()).toMatchObject({
    code: 0,
    stdout: 'taken over: builders +mac -old; schedulers ~try ~force\n',
    stderr: '',
  });
  const waiting = await farm.api<{ buildrequests: { waiting_reason: string }[] }>(
    '/api/v2/buildrequests?claimed=false',
  );
  expect(waiting.buildrequests).toMatchObject([{ waiting_reason: 'its builder is not configured any more' }]);
  expect(await farm.results('old')).toEqual([null, null]);
  await farm.drop('fourth', 'mac');
  await go(farm);
  await until('the new builder to build', async () => (await farm.results('mac'))[0] === 0);
  await until('what ran to end', async () => String(await farm.results('old')) === '0,0');
  await farm.write({});
  await farm.reconfig();
  await until('what waited to be built', async () => String(await farm.results('old')) === '0,0,0');
});

test('row 38: a broken or half-written file changes nothing, and what runs goes on', async () => {
  const farm = await setup({ builders: { stays: [UNTIL_GO], last: [QUICK] } });
  await farm.drop('first', 'stays');
  await until('a build to run', async () => (await farm.results('stays')).length === 1);
  const file = join(farm.basedir, 'master.yaml');
  const whole = stringify({ ...farm.config, title: 'Another' });
  await writeFile(file, whole.replace('builders:', 'builder:'));
  const { code, stdout, stderr } = await farm.reconfig();
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/master\.yaml:\d+:\d+: .*did you mean "builders"\?/);
  farm.master?.child.kill('SIGHUP');
  await logged(farm, /stays as it was.*did you mean/);

  // Cut where what is there is a sound configuration that lacks the last builder.
  const cut = whole.indexOf('  - name: last');
  const tail = whole.slice(whole.indexOf('schedulers:'));
  expect(cut).toBeGreaterThan(0);
  writeFileSync(file, whole.slice(0, cut));
  farm.master?.child.kill('SIGHUP');
  appendFileSync(file, whole.slice(cut, whole.length - tail.length));
  appendFileSync(file, tail);
  await logged(farm, /taken over/);
  const { statuses } = await farm.api<{ statuses: { title: string }[] }>('/api/v2/status');
  expect(statuses[0]?.title).toBe('Another');
  const { builders } = await farm.api<{ builders: { masterids: number[] }[] }>('/api/v2/builders');
  expect(builders.map(({ masterids }) => masterids.length)).toEqual([1, 1]);
  await go(farm);
  await until('what ran to end', async () => String(await farm.results('stays')) === '0');
});

test('a worker that is taken out finishes its build and is sent away; a changed password counts at the next door', async () => {
  const farm = await setup({ builders: { work: [UNTIL_GO, QUICK] }, workers: 2, maxBuilds: 1 });
  await farm.drop('first', 'work');
  await farm.drop('second', 'work');
  await until('both workers to build', async () => (await farm.results('work')).length === 2);
  const [first, second] = farm.config.workers;
  const [work] = farm.config.builders;
  const builders = [{ ...(work as Config['builders'][number]), workers: ['w1'] }];
  await farm.write({ builders, workers: [{ ...(first as typeof second & object), password: 'other' }] });
  expect(await farm.reconfig()).toMatchObject({
    stdout: 'taken over: builders ~work; workers -w2 ~w1\n',
    stderr: '',
  });
  await go(farm);
  // In the order in which they came up, which may be any.
  const byName = (name: string) =>
    farm.workers.find(({ child }) => child.spawnargs.at(-1) === join(farm.dir, name));
  const [w1, w2] = [byName('w1'), byName('w2')];
  await until('both builds to end', async () => String(await farm.results('work')) === '0,0');
  await w2?.says(/unknown-worker|taken out of the configuration/);
  await farm.drop('third', 'work');
  await until('w1 to build on', async () => String(await farm.results('work')) === '0,0,0');
  // What connects anew has to know the new password.
  expect(w1).toBeDefined();
  if (w1 !== undefined) await end(w1, 'SIGKILL');
  await farm.startWorker(0).catch(() => undefined);
  await logged(farm, /the password of worker w1 is not right/);
});

test('a new try directory takes jobs, and two signals at once are two answers', async () => {
  const farm = await setup({ builders: { work: [QUICK] } });
  const more = { type: 'try', name: 'more', builders: ['work'], jobdir: 'more' };
  await farm.write({ schedulers: [...farm.config.schedulers, more] });
  farm.master?.child.kill('SIGHUP');
  farm.master?.child.kill('SIGHUP');
  await logged(farm, /schedulers \+more/);
  await farm.drop('first', 'work', join(farm.basedir, 'more'));
  await until('it to be built', async () => String(await farm.results('work')) === '0');
  // Answered after the signals, one after the other: neither of them still reads the file that is written next.
  expect(await farm.reconfig()).toMatchObject({ stdout: 'nothing to take over\n' });
  await farm.write({ listen: { ...farm.config.listen, api: '127.0.0.1:1' } });
  const both = await Promise.all([farm.reconfig(), farm.reconfig()]);
  expect(both.map(({ stdout }) => stdout).sort()).toEqual([
    'nothing to take over\nwaits for a restart: listen.api\n',
    'taken over: schedulers -more\nwaits for a restart: listen.api\n',
  ]);
  expect(farm.master?.child.exitCode).toBeNull();
});

test('without a running master there is nobody to tell, and that is said', async () => {
  const farm = await setup({ start: false });
  const { code, stderr } = await farm.reconfig();
  expect([code, stderr]).toEqual([1, expect.stringContaining(`no master runs in ${farm.basedir}`)]);
});
