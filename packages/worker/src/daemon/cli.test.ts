/** The real program, started as people start it. */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { linux } from '../process/linux.ts';
import { main } from './cli.ts';
import { pidFile, runningPid } from './pid-file.ts';
import { takeBasedir } from './take-basedir.ts';

let world: string;
let basedir: string;

beforeEach(() => {
  master = 'ws://127.0.0.1:1';
  world = mkdtempSync(join(tmpdir(), 'worker-cli-'));
  basedir = join(world, 'w');
});

afterEach(async () => {
  await call('stop', basedir).catch(() => undefined);
  rmSync(world, { recursive: true, force: true });
});

const SOURCE_BIN = `
  import { runBin } from ${JSON.stringify(new URL('./bin.ts', import.meta.url).href)};
  await runBin(process.argv[1]);
`;

/** Run in this process: exit code and what was printed. */
async function call(...argv: string[]): Promise<{ code: number; out: string }> {
  const lines: string[] = [];
  const code = await main(argv, {
    out: (line) => lines.push(line),
    err: () => undefined,
    report: () => undefined,
    bin: join(world, 'bin.mjs'),
    cwd: world,
    version: '1.2.3',
    environment: {},
  });
  return { code, out: lines.join('\n') };
}

let master = 'ws://127.0.0.1:1';

const create = (...more: string[]) =>
  call(
    'create',
    basedir,
    '--master',
    master,
    '--name',
    'w1',
    ...(more.length > 0 ? more : ['--password', 'secret']),
  );

describe('create', () => {
  test('makes a folder whose secrets only its owner can read', async () => {
    expect((await create()).code).toBe(0);
    for (const name of ['worker.yaml', 'password'])
      expect(statSync(join(basedir, name)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(basedir, 'worker.yaml'), 'utf8')).toContain('name: "w1"');
    expect(readFileSync(join(basedir, 'worker.yaml'), 'utf8')).not.toContain('secret');
  });

  test('takes the password from a file', async () => {
    writeFileSync(join(world, 'pw'), 'from file\n');
    await create('--password-file', 'pw');
    expect(readFileSync(join(basedir, 'password'), 'utf8')).toBe('from file\n');
  });

  test.each([
    [['--password', 'a', '--password-file', 'b'], 'exactly one of'],
    [['--password-file', 'missing'], 'cannot read the password file'],
    [['--password', 'x', '--name', 'a/b'], '--name'],
    [['--password', 'x', '--master', 'http://m'], "not a master's address"],
    [['--pasword', 'x'], 'Unknown option'],
  ])('%j is refused and makes nothing', async (argv, message) => {
    await expect(create(...argv)).rejects.toThrow(message);
    expect(existsSync(basedir)).toBe(false);
  });

  test('leaves a folder alone that has a worker', async () => {
    await create();
    await expect(create()).rejects.toThrow('exists already');
  });
});

describe('help', () => {
  test('every command explains itself', async () => {
    for (const verb of ['create', 'checkconfig', 'run', 'start', 'stop', 'status']) {
      expect(await call(verb, '--help')).toMatchObject({
        code: 0,
        out: expect.stringContaining(`buildbot-worker ${verb}`),
      });
    }
    expect(await call('--help')).toMatchObject({ code: 0 });
    expect(await call()).toMatchObject({ code: 2 });
    expect(await call('--version')).toEqual({ code: 0, out: 'buildbot-worker 1.2.3' });
  });

  test('a misspelt command names the nearest', async () => {
    await expect(call('strat', '.')).rejects.toMatchObject({ hint: 'did you mean "start"?' });
  });
});

describe('checkconfig', () => {
  test('says that a configuration is good', async () => {
    await create();
    expect(await call('checkconfig', basedir)).toEqual({
      code: 0,
      out: 'good: worker w1, master ws://127.0.0.1:1/worker',
    });
  });

  test.each(['checkconfig', 'start', 'run'])('%s tells all that is wrong at once', async (verb) => {
    await create();
    const yaml = join(basedir, 'worker.yaml');
    writeFileSync(yaml, 'name: 7\nmaster: http://m\npasswordFile: nowhere\nspoolMB: 5\n');
    const error = await call(verb, basedir).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ exitCode: 2 });
    expect((error as Error).message.split('\n')).toEqual([
      `${yaml}:1:7: name: expected a text, found a number`,
      expect.stringContaining(`${yaml}:2:9: master: 'http://m' is not a master's address`),
      expect.stringContaining(`${yaml}:3:15: passwordFile: cannot read ${join(basedir, 'nowhere')}: ENOENT`),
      `${yaml}:4:1: spoolMB: unknown key (did you mean "spoolMiB"?)`,
    ]);
    expect(existsSync(join(basedir, 'worker.log'))).toBe(false);
  });

  test.each([
    ['name: w1\nmaster: ws://m\n', ['give exactly one of password and passwordFile']],
    ['name: w1\nmaster: ws://m\npassword: a\npasswordFile: b\n', ['give exactly one of']],
    ['name: w1\nmaster: ws://m\npasword: a\n', ['pasword: unknown key']],
    ['name: w1\nmaster: ","\npassword: a\n', ['no address in it']],
    ['- a\n', ['expected keys with values']],
  ])('%j is told as %j', async (text, expected) => {
    await create();
    writeFileSync(join(basedir, 'worker.yaml'), text);
    const error = await call('checkconfig', basedir).catch((thrown: unknown) => thrown);
    const lines = (error as Error).message.split('\n');
    expect(lines).toEqual(expected.map((part) => expect.stringContaining(part)));
  });
});

describe('run', () => {
  test('a configuration that is wrong names file, line and fix', async () => {
    await expect(call('run', basedir)).rejects.toThrow('ENOENT');
    await create();
    chmodSync(join(basedir, 'password'), 0o644);
    await expect(call('run', basedir)).rejects.toThrow(
      /worker\.yaml:\d+:15: passwordFile: .* may be read by others on this machine \(chmod 600 /,
    );
    writeFileSync(join(basedir, 'worker.yaml'), 'name: w1\nmaster: ws://m:1\npassword: x\nspoolMB: 5\n');
    await expect(call('run', basedir)).rejects.toThrow(
      'worker.yaml:4:1: spoolMB: unknown key (did you mean "spoolMiB"?)',
    );
    expect(existsSync(pidFile(basedir))).toBe(false);
  });
});

test('start, status, a second start, and a stop that returns when the process is gone', async () => {
  writeFileSync(join(world, 'bin.mjs'), SOURCE_BIN);
  await create();
  expect(await call('status', basedir)).toEqual({ code: 1, out: 'not running' });
  // The child runs from source as this test does.
  process.env.NODE_OPTIONS = '-C source';
  try {
    expect((await call('start', basedir)).out).toMatch(
      /^buildbot-worker started: w1 in .*, not connected yet: .*ECONNREFUSED/,
    );
  } finally {
    delete process.env.NODE_OPTIONS;
  }
  const pid = runningPid(basedir) as number;
  expect(await call('status', basedir)).toEqual({
    code: 0,
    out: expect.stringMatching(`^running with pid ${pid}, not connected since .*: .*ECONNREFUSED`),
  });
  await expect(call('start', basedir)).rejects.toThrow('already');
  expect(await call('stop', basedir)).toEqual({ code: 0, out: 'stopped' });
  expect(linux.startOf(pid)).toBeNull();
  expect(await call('stop', basedir)).toEqual({ code: 0, out: 'it was not running' });
});

/** A master that says this to every hello. */
async function masterThatSays(message: object): Promise<void> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  server.on('connection', (ws) => ws.on('message', () => ws.send(JSON.stringify(message))));
  await new Promise((resolve) => server.once('listening', resolve));
  master = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await create();
}

/** Let `start` run the program from source, as this test does. */
function runFromSource(): void {
  writeFileSync(join(world, 'bin.mjs'), SOURCE_BIN);
  vi.stubEnv('NODE_OPTIONS', '-C source');
  onTestFinished(() => void vi.unstubAllEnvs());
}

test('start says so when the master sends the worker away, and nothing is left running', async () => {
  await masterThatSays({ type: 'refused', code: 'wrong-password', reason: 'wrong password', again: false });
  runFromSource();
  await expect(call('start', basedir)).rejects.toMatchObject({
    message: 'the master sent this worker away: wrong password',
    exitCode: 1,
  });
  await vi.waitFor(() => expect(runningPid(basedir)).toBeNull(), { timeout: 20_000 });
  const log = () => readFileSync(join(basedir, 'worker.log'), 'utf8');
  // The last words come after the place has been given up.
  await vi.waitFor(() => expect(log()).toContain('sent this worker away: wrong password'));
  expect(log()).not.toContain('    at ');
});

test('start says that it is connected when it is', async () => {
  const timing = { keepaliveMs: 60_000, timeoutMs: 30_000, graceMs: 60_000 };
  await masterThatSays({ type: 'welcome', protocol: 1, ackedSeq: 0, ...timing, window: 1e6, wanted: [] });
  runFromSource();
  expect((await call('start', basedir)).out).toMatch(/^buildbot-worker ready: w1 in .*, connected to ws:/);
  expect((await call('status', basedir)).out).toMatch(`, connected to ${master}/worker`);
  await call('stop', basedir, '--now');
  expect(existsSync(join(basedir, 'worker.state'))).toBe(false);
});

test('a worker that was replaced ends with an exit code of its own, so that no supervisor starts it again', async () => {
  await masterThatSays({ type: 'superseded', reason: 'another process' });
  await expect(call('run', basedir)).rejects.toMatchObject({
    message: 'the master sent this worker away: another process',
    exitCode: 3,
  });
});

test('a pid that the system gave to somebody else is not ours', async () => {
  await create();
  writeFileSync(pidFile(basedir), `${process.pid} 1\n`);
  expect(runningPid(basedir)).toBeNull();
  const release = takeBasedir(basedir);
  expect(runningPid(basedir)).toBe(process.pid);
  expect(() => takeBasedir(basedir)).toThrow('already');
  release();
  expect(runningPid(basedir)).toBeNull();
});

test('the program refuses an old Node before it loads anything', async () => {
  const bin = fileURLToPath(new URL('../../bin/buildbot-worker.js', import.meta.url));
  const script = `Object.defineProperty(process.versions, 'node', { value: '20.1.0' }); await import(${JSON.stringify(bin)});`;
  const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
    execFile(process.execPath, ['--input-type=module', '-e', script], (error, _stdout, stderr) =>
      resolve({ code: error?.code, stderr }),
    );
  });
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('needs Node 22.18') });
});
