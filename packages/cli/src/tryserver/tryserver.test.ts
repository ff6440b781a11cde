/** `tryserver` on streams and a real socket; with a real master and sshd it is in test/e2e. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { readLine } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { tryserver } from './tryserver.ts';

async function tryDirectory(): Promise<string> {
  const jobdir = await mkdtemp(join(tmpdir(), 'tryserver-'));
  onTestFinished(() => rm(jobdir, { recursive: true, force: true }));
  for (const folder of ['tmp', 'new', 'cur', 'failed']) await mkdir(join(jobdir, folder));
  return jobdir;
}

/** A master that proves everybody and then does as told. */
async function master(jobdir: string, afterProof: (socket: Socket) => Promise<void>): Promise<void> {
  const path = join(jobdir, 'gateway.sock');
  const server = createServer(async (socket) => {
    socket.on('error', () => undefined);
    socket.write(`{"gateway":1,"nonce":"auth-${'0'.repeat(32)}","maxJobBytes":1000}\n`);
    await readLine(socket, 1000);
    socket.write('{"proven":true,"user":"alice"}\n');
    await afterProof(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  await writeFile(join(jobdir, 'master.json'), JSON.stringify({ version: 1, socket: path }));
}

function start(jobdir: string, ...more: string[]) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const argv = ['--jobdir', jobdir, ...more];
  const code = tryserver({
    argv,
    originalCommand: undefined,
    overSsh: false,
    home: undefined,
    stdin,
    stdout,
    stderr,
    now: () => 1000,
  });
  const line = async () => JSON.parse((await readLine(stdout, 10_000)) as string) as Record<string, unknown>;
  return { stdin, stdout, stderr, code, line };
}

test('keeps a job whose master goes away before it has answered', async () => {
  const jobdir = await tryDirectory();
  await master(jobdir, async (socket) => {
    await readLine(socket, 1000);
    socket.destroy();
  });
  const { stdin, line, code } = start(jobdir, '--attach');
  expect(await line()).toMatchObject({ tryserver: 1, user: 'alice', master: true, maxJobBytes: 1000 });
  stdin.write('{"op":"submit","bytes":3}\njob');
  expect(await line()).toMatchObject({
    status: 'kept',
    reason: expect.stringContaining('the master went away'),
  });
  expect(await line()).toMatchObject({ attached: false });
  expect(await code).toBe(0);
  const [name] = await readdir(join(jobdir, 'new'));
  expect(await readFile(join(jobdir, 'new', String(name)), 'utf8')).toBe('job');
});

test('keeps a job while no master runs, with the name the administrator gave', async () => {
  const jobdir = await tryDirectory();
  const { stdin, line, code } = start(jobdir, '--attach', '--user', 'alice');
  expect(await line()).toMatchObject({ master: false, user: null });
  stdin.write('{"op":"submit","bytes":3}\njob');
  expect(await line()).toMatchObject({ status: 'kept' });
  await code;
  expect(await readdir(join(jobdir, 'new'))).toEqual([expect.stringMatching(/,user=alice$/)]);
  expect(await readdir(join(jobdir, 'tmp'))).toEqual([]);
});

test('leaves nothing behind of a job that was cut off or is too large', async () => {
  const jobdir = await tryDirectory();
  const cut = start(jobdir, '--attach');
  await cut.line();
  cut.stdin.end('{"op":"submit","bytes":30}\njob');
  expect(await cut.line()).toMatchObject({ status: 'refused', reason: expect.stringContaining('cut off') });
  const large = start(jobdir, '--attach');
  await large.line();
  large.stdin.write('{"op":"submit","bytes":99999999999}\n');
  expect(await large.line()).toMatchObject({ status: 'refused', reason: expect.stringContaining('at most') });
  expect(await readdir(join(jobdir, 'new'))).toEqual([]);
  expect(await readdir(join(jobdir, 'tmp'))).toEqual([]);
});

test('takes a bare job file, as Buildbot sends it, also from a client that asked to attach', async () => {
  const jobdir = await tryDirectory();
  const { stdin, code, stdout } = start(jobdir, '--attach');
  await readLine(stdout, 1000);
  stdin.end('1:5,2:{},');
  expect(await code).toBe(0);
  const [name] = await readdir(join(jobdir, 'new'));
  expect(await readFile(join(jobdir, 'new', String(name)), 'utf8')).toBe('1:5,2:{},');
});

test('explains itself, and refuses what it does not know', async () => {
  const { stdout, code } = start('/nowhere', '--help');
  expect(await code).toBe(0);
  expect(String(stdout.read())).toContain('authorized_keys');
  const wrong = start('/nowhere', '--frobnicate');
  expect(await wrong.code).toBe(2);
  expect(String(wrong.stderr.read())).toContain('unexpected argument "--frobnicate"');
});

test.each([[], ['--attach']])(
  'tells a wrong try directory from an option it does not know: %j',
  async (...more) => {
    const missing = start('/nowhere', ...more);
    expect(await missing.code).toBe(78);
    expect(String(missing.stderr.read())).toContain('/nowhere is not a try directory');
  },
);
