/** Every other command against a real master over a real sshd: listing, logs, steering, watching, completion. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { end, type Finished, run, until } from '../support/processes.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
let work: string;
let flags: string;

const bytes = Buffer.from([0, 255, 27, 91, 50, 74, 13, 10]);

beforeAll(async () => {
  flags = await mkdtemp(join(tmpdir(), 'commands-'));
  const octal = [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  const wait = `echo first; touch ${flags}/running; while [ ! -e ${flags}/go ]; do sleep 0.05; done; echo last`;
  world = await createWorld({
    builders: {
      quick: [
        { type: 'shell', name: 'bytes', command: `printf '${octal}'` },
        { type: 'shell', name: 'test', command: 'echo tested' },
      ],
      fails: [{ type: 'shell', name: 'test', command: 'echo broken; exit 1' }],
      slow: [{ type: 'shell', name: 'wait', command: wait }],
    },
    maxBuilds: 1,
  });
  work = await world.clone();
  await buildbot('try', '--quiet', '-b', 'quick', '-b', 'fails');
});

afterAll(async () => {
  await world.remove();
  await rm(flags, { recursive: true, force: true });
});

beforeEach(async () => {
  await rm(join(flags, 'go'), { force: true });
  await rm(join(flags, 'running'), { force: true });
});

const buildbot = (...args: string[]): Promise<Finished> => world.buildbot(work, args);
const letGo = (): Promise<void> => writeFile(join(flags, 'go'), '');

/** A build of `slow` that waits; its build set. */
async function slowTry(): Promise<number> {
  const { code, stdout } = await buildbot('try', '--detach', '-b', 'slow');
  expect(code).toBe(75);
  await until('the step to run', async () => existsSync(join(flags, 'running')));
  return Number(/buildbot watch (\d+)/.exec(stdout)?.[1]);
}

const exitOf = async (buildSetId: number): Promise<number | null> =>
  (await buildbot('watch', String(buildSetId))).code;

test('builders and workers are listed for people and for programs', async () => {
  const names = (await buildbot('builders', '-q')).stdout.trim().split('\n');
  expect(names.sort()).toEqual(['fails', 'quick', 'slow']);
  expect((await buildbot('builders')).stdout).toMatch(/^quick +#1 passed +0 +0 +w1$/m);
  const { schema, builders } = JSON.parse((await buildbot('builders', '--json')).stdout) as {
    schema: string;
    builders: { name: string }[];
  };
  expect(schema).toBe('buildbot.builders/1');
  expect(builders.map(({ name }) => name).sort()).toEqual(['fails', 'quick', 'slow']);
  expect((await buildbot('workers')).stdout).toContain('w1');
  expect(JSON.parse((await buildbot('workers', '--json')).stdout)).toMatchObject({
    schema: 'buildbot.workers/1',
    workers: [{ name: 'w1' }],
  });
});

describe('log', () => {
  test('is found by builder and number, by id and by URL', async () => {
    const { builds } = await world.api<{ builds: { buildid: number; builderid: number }[] }>(
      '/api/v2/builders/quick/builds',
    );
    const [{ buildid, builderid } = { buildid: 0, builderid: 0 }] = builds;
    for (const name of [
      'quick/1',
      String(buildid),
      `http://ci.example/#/builders/${builderid}/builds/1`,
      `http://ci.example/api/v2/builds/${buildid}`,
    ]) {
      const { code, stdout, stderr } = await buildbot('log', name, 'test');
      expect([name, code, stdout, stderr]).toEqual([name, 0, 'tested\n', '']);
    }
  });

  test('is that of the step that failed when none is named', async () => {
    expect((await buildbot('log', 'fails/1')).stdout).toBe('broken\n');
  });

  test('is raw byte for byte, and harmless without --raw', async () => {
    const raw = await run(
      [
        process.execPath,
        '-e',
        `
      const { spawnSync } = require('node:child_process');
      process.stdout.write(spawnSync(process.execPath, process.argv.slice(1)).stdout.toString('hex'));`,
        new URL('../../packages/cli/bin/buildbot.js', import.meta.url).pathname,
        'log',
        'quick/1',
        'bytes',
        '--raw',
      ],
      { cwd: work, env: world.env },
    );
    expect(raw.stdout).toBe(bytes.toString('hex'));
    expect((await buildbot('log', 'quick/1', 'bytes')).stdout).not.toMatch(/[\x00\x1b]/);
  });

  test('is followed from its first line to its last', async () => {
    const id = await slowTry();
    const following = world.startBuildbot(work, ['log', 'slow/1', '--follow']);
    await following.says(/first/);
    await letGo();
    const { code, stdout } = await following.finished;
    expect([code, stdout]).toEqual([0, 'first\nlast\n']);
    expect(await exitOf(id)).toBe(0);
  });

  test('that is not there is refused with those that are', async () => {
    const step = await buildbot('log', 'quick/1', 'tset');
    expect([step.code, step.stderr]).toEqual([2, expect.stringContaining("Did you mean 'test'?")]);
    const build = await buildbot('log', 'quick/4711');
    expect([build.code, build.stderr]).toEqual([
      2,
      "error: there is no build quick/4711\n'buildbot watch' shows the builds.\n",
    ]);
    const several = await buildbot('log', '#1');
    expect([several.code, several.stderr]).toEqual([
      2,
      expect.stringMatching(/(?:quick|fails)\/1 \(id \d+\)/),
    ]);
    expect((await buildbot('log', 'a b c')).code).toBe(2);
  });
});

describe('steering', () => {
  test('takes what to stop from its arguments, never from what is piped into it', async () => {
    const result = await world.buildbot(work, ['stop'], 'quick/1\n');
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining('build')]);
  });

  test('stop ends a build with a name and a reason', async () => {
    const id = await slowTry();
    // A builder stands for its running build.
    const stop = await buildbot('stop', 'slow', '--reason', 'wrong branch');
    expect([stop.code, stop.stderr]).toEqual([0, '']);
    const watched = await buildbot('watch', String(id));
    expect(watched.code).toBe(3);
    expect(watched.stdout).toContain('by alice: wrong branch');
  });

  test('cancel takes a request out of the queue', async () => {
    const running = await slowTry();
    const queued = await buildbot('try', '--detach', '-b', 'quick');
    const id = Number(/buildbot watch (\d+)/.exec(queued.stdout)?.[1]);
    const cancel = await buildbot('cancel', 'quick', '-r', 'not needed');
    expect([cancel.code, cancel.stderr]).toEqual([0, '']);
    expect(await exitOf(id)).toBe(3);
    await letGo();
    expect(await exitOf(running)).toBe(0);
  });

  test('rebuild builds the same once more, force builds through its scheduler', async () => {
    for (const args of [
      ['rebuild', 'quick/1'],
      ['force', 'force', '-b', 'quick', '-r', 'to see'],
    ]) {
      const { code, stdout, stderr } = await buildbot(...args);
      expect([code, stderr]).toEqual([0, '']);
      const [, id] = /buildbot watch (\d+)/.exec(stdout) ?? [];
      expect(await exitOf(Number(id))).toBe(0);
    }
  });

  test('rebuild and force wait for the end and have its exit code, where that is asked for', async () => {
    const args = ['force', 'force', '-b', 'fails', '--property', 'color=light blue, dark', '--wait'];
    const { code, stdout } = await buildbot(...args, '--json');
    const told = JSON.parse(stdout);
    expect([code, told]).toMatchObject([1, { schema: 'buildbot.try/1', result: 'failure', exitCode: 1 }]);
    const { properties } = await world.api<{ properties: object[] }>(
      `/api/v2/buildsets/${told.buildSetId}/properties`,
    );
    expect(properties).toMatchObject([{ color: ['light blue, dark', expect.any(String)] }]);
    const again = await buildbot('rebuild', 'quick/1', '--wait');
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('passed')]);
  });

  test('tells programs what came of it as one object', async () => {
    const told = JSON.parse((await buildbot('rebuild', 'quick/1', '--json')).stdout);
    expect(told).toMatchObject({
      schema: 'buildbot.done/1',
      command: 'rebuild',
      lines: [expect.stringContaining('queued')],
    });
    expect(await exitOf(told.buildSetId)).toBe(0);
    const stopped = JSON.parse((await buildbot('stop', 'quick/1', '--json')).stdout);
    expect(stopped).toEqual({
      schema: 'buildbot.done/1',
      command: 'stop',
      lines: ['build quick/1 has ended already (passed)'],
    });
  });

  test('what there is not is refused', async () => {
    expect((await buildbot('rebuild', 'quick/4711')).code).toBe(2);
    expect((await buildbot('force', 'nobody')).code).toBe(2);
    expect((await buildbot('cancel', 'x')).code).toBe(2);
    expect((await buildbot('stop', 'quick/4711')).stderr).toContain('there is no build quick/4711');
  });
});

describe('once more', () => {
  const numberOf = (stdout: string) => Number(/buildbot watch (\d+)/.exec(stdout)?.[1]);
  const askedFor = async (buildSetId: number) => {
    const path = `/api/v2/buildsets/${buildSetId}/properties`;
    const { properties } = await world.api<{ properties: Record<string, [string, string]>[] }>(path);
    const requests = `/api/v2/buildrequests?buildsetid=${buildSetId}`;
    const { buildrequests } = await world.api<{ buildrequests: object[] }>(requests);
    const { color, size } = properties[0] ?? {};
    return { color: color?.[0], size: size?.[0], requests: buildrequests.length };
  };

  test('only what failed is built or tried again, or the same as the last time', async () => {
    await buildbot('try', '-q', '-b', 'quick', '-b', 'fails', '--property', 'color=blue');
    const { stdout } = await buildbot('rebuild', '--failed');
    expect(stdout).toMatch(/^fails queued as #\d+; to watch it: buildbot watch \d+\n$/);
    const failed = await buildbot('try', '--failed', '--detach');
    expect(await askedFor(numberOf(failed.stdout))).toEqual({ color: 'blue', requests: 1 });
    const again = await buildbot('try', '--again', '--property', 'size=2', '--detach');
    expect(await askedFor(numberOf(again.stdout))).toEqual({ color: 'blue', size: '2', requests: 1 });
  });

  test('a working copy that was never tried has no last try', async () => {
    const other = await world.clone('never-tried');
    for (const args of [
      ['try', '--again'],
      ['try', '--failed'],
      ['rebuild', '--failed'],
    ]) {
      const { code, stderr } = await world.buildbot(other, args);
      expect([code, stderr]).toEqual([2, expect.stringContaining('no earlier try of this working copy')]);
    }
    expect((await buildbot('rebuild')).stderr).toContain('which build?');
  });
});

describe('watch', () => {
  test('of a try that has ended tells it at once, with its exit code', async () => {
    const { code, stdout } = await buildbot('watch', '1', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 1, result: 'failure', complete: true });
    expect((await buildbot('watch', '4711')).code).toBe(2);
  });

  test('of the farm is one object, or lines of text or JSON until Ctrl-C', async () => {
    const { code, stdout } = await buildbot('watch', '--json');
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      { schema: 'buildbot.watch/1', title: 'Test', workers: { connected: 1 } },
    ]);
    const plain = world.startBuildbot(work, ['watch']);
    const events = world.startBuildbot(work, ['watch', '--events']);
    await plain.says(/Test/);
    const id = await slowTry();
    await plain.says(/slow\/\d+ started on w1/);
    await events.says(/"build_started"/);
    await letGo();
    await exitOf(id);
    await plain.says(/slow\/\d+ passed/);
    await events.says(/"build_finished"/);
    expect((await end(plain, 'SIGINT')).code).toBe(0);
    const lines = (await end(events, 'SIGINT')).stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).schema)).toEqual(lines.map(() => 'buildbot.watch.event/1'));
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ event: 'finished', exitCode: 0 });
  });

  test('gives up after --timeout with 124', async () => {
    const id = await slowTry();
    const { code, stdout } = await buildbot('watch', String(id), '--timeout', '1s');
    expect(code).toBe(124);
    expect(stdout).toContain(`buildbot watch ${id}`);
    await letGo();
    expect(await exitOf(id)).toBe(0);
  });
});

test.each(['SIGTERM', 'SIGHUP'] as const)(
  '%s detaches without waiting for a second Ctrl-C',
  async (signal) => {
    const following = world.startBuildbot(work, ['try', '-b', 'slow']);
    await following.says(/› wait/);
    const { code, stdout } = await end(following, signal);
    expect(code).toBe(75);
    expect(stdout).not.toContain('Ctrl-C again');
    const [, id] = /buildbot watch (\d+)/.exec(stdout) ?? [];
    await letGo();
    expect(await exitOf(Number(id))).toBe(0);
  },
);

test('completion in a real bash knows commands, flags and the builders of the master', async () => {
  await buildbot('builders');
  const script = (await buildbot('completion', 'bash')).stdout;
  const probe = `${script}
complete_words() { COMP_WORDS=(buildbot "$@"); COMP_CWORD=$#; _buildbot; echo "\${COMPREPLY[*]}"; }
complete_words wat; complete_words log --fol; complete_words try -b qu`;
  const { stdout } = await run(['bash', '-c', probe], { env: world.env });
  expect(stdout).toBe('watch\n--follow\nquick\n');
});
