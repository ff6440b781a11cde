/**
 * The master's own SSH server (`listen.ssh`), for those without an sshd: the same forced commands, spoken to by our
 * client and by OpenSSH's, and nothing else that SSH can do.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { end, type Finished, program, run, runOk } from '../support/processes.ts';
import { publicKeyOf } from '../support/sshd.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
let work: string;
let keysFile: string;

beforeAll(async () => {
  world = await createWorld({
    config: {
      builders: [
        { name: 'linux', workers: ['w1'], steps: [{ type: 'shell', name: 'ok', command: ['true'] }] },
      ],
    },
    start: false,
  });
  keysFile = join(world.basedir, 'authorized_keys');
  const config = join(world.basedir, 'master.yaml');
  // JSON is YAML: one key more in `listen`.
  await writeFile(
    config,
    (await readFile(config, 'utf8')).replace(/^listen:$/m, 'listen:\n  ssh: { address: "127.0.0.1:0" }'),
  );
  await writeFile(keysFile, '');
  await world.startMaster();
  await world.startWorker();
  work = await world.clone();
  await trustEndpoint();
  await admit('dora');
});

afterAll(() => world.remove());

/** What the ready line says of the endpoint. */
function port(): number {
  return Number(/ssh 127\.0\.0\.1:(\d+)/.exec(world.master?.stdout() ?? '')?.[1]);
}

async function trustEndpoint(): Promise<void> {
  const key = await runOk(['ssh-keygen', '-y', '-f', join(world.basedir, 'ssh_host_key')]);
  await world.ssh.trust(`[127.0.0.1]:${port()} ${key.trim()}`);
}

/** A key that may submit as `user`, written as an administrator writes it. */
async function admit(user: string, options = 'restrict,'): Promise<void> {
  const clientKey = await world.ssh.newKey(`key-${user}`);
  const command = [...program('cli'), 'tryserver', '--jobdir', `'${world.jobdir}'`, '--user', user].join(' ');
  const line = `${options}command="${command}" ${await publicKeyOf(clientKey)} ${user}@laptop`;
  await writeFile(keysFile, `${await readFile(keysFile, 'utf8')}${line}\n`);
  await world.ssh.addHost(user, { ...world.sshd, port: port(), clientKey });
}

function tryAs(user: string, ...more: string[]): Promise<Finished> {
  return world.buildbot(work, ['try', '--host', user, '--json', ...more]);
}

function ssh(...args: string[]): Promise<Finished> {
  return run(['ssh', '-F', world.configFile, '-o', 'BatchMode=yes', ...args], { env: world.env });
}

async function newestReason(): Promise<string | undefined> {
  const { buildsets } = await world.api<{ buildsets: { bsid: number; reason: string }[] }>(
    '/api/v2/buildsets',
  );
  return buildsets.toSorted((a, b) => b.bsid - a.bsid)[0]?.reason;
}

test('a try through it ends with the result of its build, as the user of the key', async () => {
  const { code, stdout, stderr } = await tryAs('dora');
  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject({ result: 'success', exitCode: 0 });
  expect(await newestReason()).toBe("'try' job by user dora");
});

test('a try through it by the user’s own ssh program does the same', async () => {
  const { code, stdout, stderr } = await tryAs('dora', '--ssh', `ssh -F ${world.configFile}`);
  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject({ result: 'success' });
});

test('an unlisted key, and one that was removed meanwhile, are not let in', async () => {
  const clientKey = await world.ssh.newKey('key-stranger');
  await world.ssh.addHost('stranger', { ...world.sshd, port: port(), clientKey });
  expect((await tryAs('stranger')).code).toBe(5);
  await admit('leaver');
  expect((await tryAs('leaver')).code).toBe(0);
  const lines = (await readFile(keysFile, 'utf8')).split('\n');
  await writeFile(keysFile, lines.filter((line) => !line.includes('--user leaver')).join('\n'));
  expect((await tryAs('leaver')).code).toBe(5);
});

test('a line with an option it does not know lets nobody in, rather than being half understood', async () => {
  await admit('limited', 'from="192.0.2.1",');
  expect((await tryAs('limited')).code).toBe(5);
  expect(world.master?.stderr()).toContain('the option from is not supported');
});

test('it runs the forced command whatever the client asks for', async () => {
  const other = await ssh('dora', 'id');
  expect(other.stderr).toContain('this key only allows: buildbot tryserver');
  expect(other.code).toBe(2);
  const forged = await ssh('dora', 'buildbot tryserver --user bob');
  expect(forged.stderr).toContain('may not submit in the name of bob');
  const transfer = await ssh('-s', 'dora', 'sftp');
  expect(transfer.code).not.toBe(0);
});

test('it gives no terminal, no forwarding and no password prompt', async () => {
  const secret = createServer((socket) => socket.end('reached')).listen(0, '127.0.0.1');
  try {
    const target = await new Promise<string>((resolve) =>
      secret.on('listening', () => resolve(`127.0.0.1:${(secret.address() as { port: number }).port}`)),
    );
    expect((await ssh('-tt', 'dora', 'buildbot tryserver')).stderr).toContain(
      'PTY allocation request failed',
    );
    const there = await ssh('-W', target, 'dora');
    expect([there.code, there.stdout]).toEqual([255, '']);
    const back = await ssh('-o', 'ExitOnForwardFailure=yes', '-N', '-R', `0:${target}`, 'dora');
    expect(back.stderr).toMatch(/remote port forwarding failed/);
    const password = await ssh('-o', 'PubkeyAuthentication=no', 'dora', 'true');
    expect(password.stderr).toContain('Permission denied (publickey)');
  } finally {
    secret.close();
  }
});

test('garbage and clients that vanish leave it serving', async () => {
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', 'SSH-2.0-x\r\n\0\0\0\0', '', 'SSH-1.5-old\r\n']) {
    await new Promise<void>((resolve) => {
      const socket = connect(port(), '127.0.0.1', () => socket.end(bytes));
      socket.on('close', () => resolve()).on('error', () => resolve());
      socket.resume();
    });
  }
  expect((await tryAs('dora')).code).toBe(0);
});

test('it comes back with the same host key, so nobody is asked again', async () => {
  const before = await readFile(join(world.basedir, 'ssh_host_key'), 'utf8');
  // A client that says nothing and never leaves does not hold up the end.
  const silent = connect(port(), '127.0.0.1').on('error', () => undefined);
  if (world.master !== null) expect((await end(world.master)).code).toBe(0);
  silent.destroy();
  await world.startMaster();
  await trustEndpoint();
  await admit('erin');
  expect(await readFile(join(world.basedir, 'ssh_host_key'), 'utf8')).toBe(before);
  expect((await tryAs('erin')).code).toBe(0);
});
