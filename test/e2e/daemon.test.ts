/** The daemons as an administrator meets them: `buildbot-master` and `buildbot-worker`, from create to stop. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { end, type Finished, program, run, start, until, unusedPort } from '../support/processes.ts';

let dir: string;
let basedir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'daemon-'));
  basedir = join(dir, 'master');
  onTestFinished(async () => {
    // Whatever a failing test left running; both say so when nothing runs.
    await master('stop', basedir);
    await worker('stop', join(dir, 'worker'), '--now');
    await rm(dir, { recursive: true, force: true });
  });
});

const master = (...args: string[]): Promise<Finished> => run(program('master', ...args));
const worker = (...args: string[]): Promise<Finished> => run(program('worker', ...args));

/** What `create` wrote, on ports of its own. */
async function createMaster(): Promise<{ workersPort: number }> {
  expect(await master('create', basedir)).toMatchObject({ code: 0, stderr: '' });
  const [apiPort, workersPort] = [await unusedPort(), await unusedPort()];
  await edit((text) =>
    text.replace(':8010', `:${apiPort}`).replace('127.0.0.1:9989', `127.0.0.1:${workersPort}`),
  );
  return { workersPort };
}

async function edit(change: (text: string) => string): Promise<void> {
  const file = join(basedir, 'master.yaml');
  await writeFile(file, change(await readFile(file, 'utf8')));
}

function pidOf({ stdout }: Finished): number {
  return Number(/running with pid (\d+)/.exec(stdout)?.[1]);
}

describe('a master', () => {
  test('is created, started, seen, restarted and stopped', async () => {
    await createMaster();
    expect(await master('checkconfig', basedir)).toMatchObject({
      code: 0,
      stdout: 'good: 1 builder, 1 worker, 2 schedulers\n',
    });
    expect(await master('status', basedir)).toMatchObject({ code: 1, stdout: 'not running\n' });
    const started = await master('start', basedir);
    expect(started).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^buildbot-master ready: /),
    });
    const first = pidOf(await master('status', basedir));
    expect(first).toBeGreaterThan(1);
    expect(await master('restart', basedir)).toMatchObject({ code: 0, stderr: '' });
    const second = pidOf(await master('status', basedir));
    expect(second).not.toBe(first);
    expect(await master('stop', basedir)).toMatchObject({ code: 0, stdout: 'stopped\n' });
    expect(await master('status', basedir)).toMatchObject({ code: 1, stdout: 'not running\n' });
    expect(await master('stop', basedir)).toMatchObject({ code: 0, stdout: 'it was not running\n' });
  });

  test('is not started twice, and not upgraded while it runs', async () => {
    await createMaster();
    expect((await master('start', basedir)).code).toBe(0);
    const pid = pidOf(await master('status', basedir));
    for (const verb of ['start', 'run']) {
      const { code, stderr } = await master(verb, basedir);
      expect([code, stderr]).toEqual([2, expect.stringContaining(`pid ${pid}`)]);
    }
    const upgrade = await master('upgrade', basedir);
    expect([upgrade.code, upgrade.stderr]).toEqual([
      2,
      expect.stringContaining('stop it before the upgrade'),
    ]);
    expect(pidOf(await master('status', basedir))).toBe(pid);
  });

  test('is taken for gone when it was killed, whatever its files say', async () => {
    await createMaster();
    await master('start', basedir);
    const pid = pidOf(await master('status', basedir));
    process.kill(pid, 'SIGKILL');
    await until('it to be gone', async () => (await master('status', basedir)).stdout === 'not running\n');
    expect((await master('start', basedir)).code).toBe(0);
  });

  test('that cannot serve says why where it was started, and leaves nothing running', async () => {
    const { workersPort } = await createMaster();
    await edit((text) => text.replace(/api: 127\.0\.0\.1:\d+/, `api: 127.0.0.1:${workersPort}`));
    const { code, stdout, stderr } = await master('start', basedir);
    expect(stdout).toBe('');
    expect(stderr).toContain(`127.0.0.1:${workersPort}`);
    expect(code).not.toBe(0);
    expect(await master('status', basedir)).toMatchObject({ code: 1 });
  });

  test('keeps its heap small however it is started, as the process that was started', async () => {
    await createMaster();
    const optionsOf = async (pid: number) =>
      (await readFile(`/proc/${pid}/cmdline`, 'utf8'))
        .split('\0')
        .filter((word) => word.startsWith('--max-semi'));
    await master('start', basedir);
    expect(await optionsOf(pidOf(await master('status', basedir)))).toEqual(['--max-semi-space-size=4']);
    await master('stop', basedir);
    const foreground = start(program('master', 'run', basedir));
    onTestFinished(async () => void (await end(foreground, 'SIGKILL')));
    await foreground.says(/^buildbot-master ready/m);
    expect(await optionsOf(foreground.child.pid as number)).toEqual(['--max-semi-space-size=4']);
    expect(await end(foreground)).toMatchObject({ code: 0 });
    const [node, bin] = program('master') as [string, string];
    const chosen = start([node, '--max-semi-space-size=16', bin, 'run', basedir]);
    onTestFinished(async () => void (await end(chosen, 'SIGKILL')));
    await chosen.says(/^buildbot-master ready/m);
    expect(await optionsOf(chosen.child.pid as number)).toEqual(['--max-semi-space-size=16']);
  });

  test('keeps its secrets to itself', async () => {
    await createMaster();
    await master('start', basedir);
    for (const name of ['master.yaml', 'master.log', 'state.sqlite', 'master.sock']) {
      const { mode } = await stat(join(basedir, name));
      expect([name, mode & 0o077]).toEqual([name, 0]);
    }
  });

  test('is not created where there is one, and what is there stays', async () => {
    await createMaster();
    const before = await readFile(join(basedir, 'master.yaml'), 'utf8');
    const { code, stderr } = await master('create', basedir);
    expect([code, stderr]).toEqual([2, expect.stringContaining('has a master.yaml already')]);
    expect(await readFile(join(basedir, 'master.yaml'), 'utf8')).toBe(before);
  });

  test('that is of this version has nothing to upgrade', async () => {
    await createMaster();
    await master('start', basedir);
    await master('stop', basedir);
    const before = await readdir(basedir);
    expect(await master('upgrade', basedir)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^schema version \d+: nothing to do\n$/),
    });
    // Looking into it may leave SQLite's own working files, but no copy.
    const after = (await readdir(basedir)).filter((name) => !/-(wal|shm)$/.test(name));
    expect(after).toEqual(before);
  });
});

describe('a configuration that is wrong', () => {
  /** Line of the text in `master.yaml`, from 1. */
  async function lineOf(text: string): Promise<number> {
    const lines = (await readFile(join(basedir, 'master.yaml'), 'utf8')).split('\n');
    return lines.findIndex((line) => line.includes(text)) + 1;
  }

  test.each<[string, (text: string) => string, at: string, RegExp]>([
    [
      'a misspelt key',
      (text) => text.replace('builders:', 'biulders:'),
      'biulders:',
      /did you mean.*builders/i,
    ],
    ['a worker that is not there', (text) => text.replace('workers: [w1]', 'workers: [w9]'), '[w9]', /w9/],
    [
      'a builder that is not there',
      (text) => text.replaceAll('builders: [linux]', 'builders: [linus]'),
      '[linus]',
      /linus/,
    ],
    ['an unknown step', (text) => text.replace('type: shell', 'type: shel'), 'type: shel,', /shel/],
    [
      'a duration that is none',
      (text) => text.replace('timeout: 20m', 'timeout: soon'),
      'timeout: soon',
      /soon|duration/,
    ],
    ['text that is no YAML', (text) => text.replace('workers: [w1]', 'workers: [w1'), 'workers: [w1', /./],
    ['a number for a list', (text) => text.replace('workers: [w1]', 'workers: 7'), 'workers: 7', /./],
  ])('is refused with file and line: %s', async (_, change, at, reason) => {
    await createMaster();
    await edit(change);
    for (const verb of ['checkconfig', 'start', 'run']) {
      const { code, stderr, stdout } = await master(verb, basedir);
      expect(stdout).toBe('');
      expect(stderr).toMatch(reason);
      if (verb === 'start') continue;
      const expected = await lineOf(at);
      const lines = [...stderr.matchAll(/master\.yaml:(\d+)/g)].map(([, line]) => Number(line));
      // A bracket that is not closed is noticed on a later line.
      expect(lines.some((line) => line >= 1 && Math.abs(line - expected) <= 8)).toBe(true);
      expect(code).toBe(2);
    }
  });

  test('in code is refused, too: an endless loop, an exit, an exception', async () => {
    await createMaster();
    await rm(join(basedir, 'master.yaml'));
    for (const [text, reason] of [
      ['process.exit(0);', /ended before its configuration was read/],
      ['throw new Error("no such thing");', /no such thing/],
      ['export default { workers: 3 };', /workers/],
    ] as const) {
      await writeFile(join(basedir, 'master.config.ts'), text);
      const { code, stderr } = await master('checkconfig', basedir);
      expect([code, stderr]).toEqual([2, expect.stringMatching(reason)]);
      expect(stderr).toContain('master.config.ts');
    }
  });
});

describe('a worker', () => {
  async function createWorker(url: string, ...more: string[]): Promise<Finished> {
    const words = more.length === 0 ? ['--password', 'secret'] : more;
    return worker('create', join(dir, 'worker'), '--master', url, '--name', 'w1', ...words);
  }

  test('is created, started, seen and stopped; it waits for a master that is not there', async () => {
    expect(await createWorker(`ws://127.0.0.1:${await unusedPort()}`)).toMatchObject({ code: 0, stderr: '' });
    const folder = join(dir, 'worker');
    expect((await stat(join(folder, 'password'))).mode & 0o077).toBe(0);
    expect((await worker('status', folder)).code).toBe(1);
    expect(await worker('start', folder)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('not connected yet'),
    });
    expect((await worker('status', folder)).code).toBe(0);
    expect((await worker('start', folder)).code).not.toBe(0);
    expect((await worker('stop', folder)).code).toBe(0);
    expect((await worker('status', folder)).code).toBe(1);
  });

  test('builds for the master that create made, with the password from a file', async () => {
    const { workersPort } = await createMaster();
    const password = /password: (\S+?),/.exec(
      await readFile(join(basedir, 'master.yaml'), 'utf8'),
    )?.[1] as string;
    await writeFile(join(dir, 'secret'), `${password}\n`, { mode: 0o600 });
    await createWorker(`ws://127.0.0.1:${workersPort}`, '--password-file', join(dir, 'secret'));
    expect((await master('start', basedir)).code).toBe(0);
    expect((await worker('start', join(dir, 'worker'))).code).toBe(0);
    const api = `unix:${join(basedir, 'master.sock')}`;
    const forced = await run(program('cli', 'force', 'force', '--builder', 'linux', '--api', api), {
      cwd: dir,
    });
    expect(forced.stderr).toBe('');
    const log = await until('the build', async () => {
      const { code, stdout } = await run(program('cli', 'log', 'linux/1', 'test', '--api', api, '--follow'), {
        cwd: dir,
      });
      return code === 0 && stdout;
    });
    expect(log).toBe('hello\n');
  });

  test('whose password is wrong is told so and ends, rather than trying for ever', async () => {
    const { workersPort } = await createMaster();
    await createWorker(`ws://127.0.0.1:${workersPort}`);
    await master('start', basedir);
    const { code, stderr } = await worker('run', join(dir, 'worker'));
    expect(stderr).toMatch(/password|sent this worker away/);
    expect(code).toBe(1);
  });

  test.each([
    ['an address that is none', 'http://127.0.0.1:1'],
    ['a host without a protocol', '127.0.0.1:9989'],
  ])('is not created with %s', async (_, url) => {
    const { code, stderr } = await createWorker(url);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/ws:\/\//)]);
    expect(await readdir(dir)).not.toContain('worker');
  });
});

test.each<['master' | 'worker' | 'cli', string[], RegExp]>([
  ['master', [], /usage/i],
  ['master', ['strat', '/nowhere'], /did you mean "start"/],
  ['master', ['start', '/nowhere', 'more'], /unexpected argument/],
  ['master', ['start', '--bogus'], /bogus/],
  ['master', ['run', '/nowhere'], /no master\.yaml/],
  ['master', ['start', '/nowhere'], /no master\.yaml/],
  ['master', ['checkconfig', '/nowhere'], /no master\.yaml/],
  ['worker', [], /usage/i],
  ['worker', ['rnu'], /did you mean "run"/],
  ['worker', ['create'], /BASEDIR is missing/],
  ['worker', ['run', '/nowhere'], /worker\.yaml/],
  ['worker', ['start', '/nowhere'], /buildbot-worker create/],
  ['worker', ['create', '/nowhere', '--nmae', 'x'], /did you mean --name/],
  ['cli', ['tyr'], /try/],
  ['cli', ['try', '--bogus'], /bogus/],
  ['cli', ['stop'], /build/i],
  ['cli', ['watch', 'x', 'y', 'z'], /./],
])('wrong arguments end with 2 and what is right: %s %j', async (name, args, reason) => {
  const { code, stdout, stderr } = await run(program(name, ...args), { cwd: dir });
  expect(stdout + stderr).toMatch(reason);
  expect(code).toBe(2);
});
