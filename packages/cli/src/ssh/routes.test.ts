/** The way to the host, against real servers: configuration, jump hosts, ProxyCommand, and what can go wrong. */

import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { ExternalError, UserError } from '@buildbot/shared';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createSshWorld, type SshWorld } from '../../../../test/support/ssh-world.ts';
import { publicKeyOf, type Sshd, startSshd } from '../../../../test/support/sshd.ts';
import { HostKeyError, NotLetInError } from './errors.ts';
import type { SshTarget } from './port.ts';
import { createSshTransport } from './transport.ts';

let target: Sshd;
let jump: Sshd;
beforeAll(async () => {
  [target, jump] = await Promise.all([startSshd(), startSshd()]);
});
afterAll(() => Promise.all([target.stop(), jump.stop()]));

/** A user who knows both servers as `target` and `jump`. */
async function setup(linesForTarget: readonly string[] = []): Promise<SshWorld> {
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  await world.addHost('target', target, linesForTarget);
  await world.addHost('jump', jump);
  await world.trust(target.knownHostsLine, jump.knownHostsLine);
  return world;
}

async function connect(world: SshWorld, where: SshTarget = { host: 'target' }) {
  const interaction = { note: () => {} };
  const connection = await createSshTransport({
    env: world.env,
    configFile: world.configFile,
    interaction,
  }).connect(where);
  onTestFinished(() => connection.close());
  return connection;
}

/** The port of the server that the remote program was started by, as sshd tells it. */
async function serverPort(world: SshWorld, where?: SshTarget): Promise<number> {
  const { duplex, stderr } = await (await connect(world, where)).exec(['sh', '-c', 'echo $SSH_CONNECTION']);
  stderr.resume();
  return Number((await text(duplex)).trim().split(' ')[3]);
}

test('follows Host, Include and Match', async () => {
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  await writeFile(world.path('included'), `Match originalhost alias user root\n  Port ${target.port}\n`);
  await world.configure(`Include ${world.path('included')}`, 'Host alias', 'User root', 'Host *');
  await world.addHost('alias', { ...target, port: 1 });
  await world.trust(target.knownHostsLine);
  const user = { user: 'root' };
  expect(await serverPort(world, { host: 'alias', ...(target.user === 'root' ? {} : user) })).toBe(
    target.port,
  );
});

test('lets what the user names win over the configuration', async () => {
  const world = await setup();
  await world.configure('Host wrong', 'User nobody-here');
  await world.addHost('wrong', { ...target, port: 1 });
  expect(await serverPort(world, { host: 'wrong', port: target.port, user: target.user })).toBe(target.port);
});

test('goes through a jump host', async () => {
  const world = await setup(['ProxyJump jump']);
  const before = jump.log().length;
  expect(await serverPort(world)).toBe(target.port);
  expect(jump.log().slice(before)).toContain('Accepted publickey');
});

test('goes through two jump hosts, each known by its own name and port', async () => {
  const second = await startSshd();
  onTestFinished(() => second.stop());
  const world = await setup([`ProxyJump jump,${target.user}@second:${second.port}`]);
  await world.addHost('second', { ...second, port: 1 });
  await world.trust(second.knownHostsLine);
  expect(await serverPort(world)).toBe(target.port);
  expect(second.log()).toContain('Accepted publickey');
});

test("follows the jump host's own ProxyJump", async () => {
  const first = await startSshd();
  onTestFinished(() => first.stop());
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  await world.addHost('target', target, ['ProxyJump jump']);
  await world.addHost('jump', jump, ['ProxyJump first']);
  await world.addHost('first', first);
  await world.trust(target.knownHostsLine, jump.knownHostsLine, first.knownHostsLine);
  expect(await serverPort(world)).toBe(target.port);
  expect(first.log()).toContain('Accepted publickey');
});

test('reaches later hops through the ones before, whatever their own configuration says', async () => {
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  await world.addHost('target', target, ['ProxyJump jump,inner']);
  await world.addHost('jump', jump);
  await world.addHost('inner', jump, ['ProxyCommand false']);
  await world.trust(target.knownHostsLine, jump.knownHostsLine);
  expect(await serverPort(world)).toBe(target.port);
});

test('refuses a jump host whose key has changed before it is told where to go', async () => {
  const world = await setup(['ProxyJump moved']);
  await world.addHost('moved', jump, ['HostKeyAlias moved']);
  await world.trust(`moved ${await publicKeyOf(await world.newKey('former'))}`);
  const before = target.log().length;
  await expect(connect(world)).rejects.toBeInstanceOf(HostKeyError);
  expect(target.log().slice(before)).toBe('');
});

test('refuses a changed target behind a jump host that is right', async () => {
  const world = await setup(['ProxyJump jump', 'HostKeyAlias moved']);
  await world.trust(`moved ${await publicKeyOf(await world.newKey('former'))}`);
  await expect(connect(world)).rejects.toBeInstanceOf(HostKeyError);
});

test('names the jump host that lets nobody in', async () => {
  const world = await setup(['ProxyJump stranger']);
  await world.addHost('stranger', { ...jump, clientKey: await world.newKey('unknown') });
  const failure = connect(world);
  await expect(failure).rejects.toBeInstanceOf(NotLetInError);
  await expect(failure).rejects.toThrow(`127.0.0.1:${jump.port} did not let`);
});

test('says that a jump host may not pass the connection on', async () => {
  const strict = await startSshd({ authorizedKeys: (key) => `restrict ${key}` });
  onTestFinished(() => strict.stop());
  const world = await setup(['ProxyJump strict']);
  await world.addHost('strict', strict);
  await world.trust(strict.knownHostsLine);
  await expect(connect(world)).rejects.toThrow(`the jump host 127.0.0.1:${strict.port} cannot or may not`);
});

test('stops when jump hosts lead in a circle', async () => {
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  await world.configure('Host target', 'ProxyJump jump', 'Host jump', 'ProxyJump target');
  await expect(connect(world)).rejects.toBeInstanceOf(UserError);
});

test('loses the connection when the jump host goes away, and says which one', async () => {
  const first = await startSshd();
  onTestFinished(() => first.stop());
  const world = await setup(['ProxyJump first']);
  await world.addHost('first', first);
  await world.trust(first.knownHostsLine);
  const connection = await connect(world);
  const lost = Promise.withResolvers<Error | undefined>();
  connection.onClose(lost.resolve);
  await first.dropConnections();
  expect(await lost.promise).toBeInstanceOf(ExternalError);
  await expect(connection.exec(['true'])).rejects.toThrow('lost');
});

test("uses the ProxyCommand of the user's own configuration", async () => {
  const world = await setup();
  // The jump host's ssh as a pipe: what people used before ProxyJump.
  await world.addHost('piped', target, [`ProxyCommand ssh -F ${world.configFile} -W %h:%p jump`]);
  expect(await serverPort(world, { host: 'piped' })).toBe(target.port);
});

test('tells what a failing ProxyCommand said', async () => {
  const world = await setup();
  await world.addHost('piped', target, ['ProxyCommand sh -c "echo no way >&2; exit 7"']);
  await expect(connect(world, { host: 'piped' })).rejects.toThrow('ended with code 7. no way');
});

test('knows how a program ended that a signal killed', async () => {
  const world = await setup();
  const { duplex, stderr, exit } = await (await connect(world)).exec(['sh', '-c', 'kill -KILL $$']);
  duplex.resume();
  stderr.resume();
  expect(await exit).toEqual({ code: null, signal: 'SIGKILL' });
});

test('says that there is no host of that name', async () => {
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  const failure = connect(world, { host: 'no-such-host.invalid' });
  await expect(failure).rejects.toBeInstanceOf(ExternalError);
  await expect(failure).rejects.toThrow(/no host of that name|cannot be looked up/);
});

test('gives up on a host that takes the connection and says nothing', async () => {
  const port = await listen(() => {});
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  await world.addHost('mute', { ...target, port }, ['ConnectTimeout 1']);
  await expect(connect(world, { host: 'mute' })).rejects.toThrow('no answer within 1 s');
});

test.each([
  ['something else than an SSH server', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['a server that hangs up', ''],
])('says what it met instead of a handshake: %s', async (_, greeting) => {
  const port = await listen((socket) => socket.end(greeting));
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  await world.addHost('odd', { ...target, port });
  const failure = connect(world, { host: 'odd' });
  await expect(failure).rejects.toBeInstanceOf(ExternalError);
  await expect(failure).rejects.toThrow(`ssh 127.0.0.1:${port}: `);
});

test('leaves no connection behind when it cannot go on', async () => {
  const closed = Promise.withResolvers<void>();
  const port = await listen((socket) => socket.resume().once('close', () => closed.resolve()));
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  // A folder cannot be read as known hosts.
  await world.addHost('half', { ...target, port }, [`GlobalKnownHostsFile ${world.dir}`]);
  await expect(connect(world, { host: 'half' })).rejects.toBeInstanceOf(UserError);
  await closed.promise;
});

test('gives a connection up on which nothing is heard any more', async () => {
  const relayed: Socket[] = [];
  const port = await listen((socket) => {
    const upstream = createConnection({ port: target.port, host: '127.0.0.1' });
    upstream.on('error', () => {});
    relayed.push(socket, upstream);
    socket.pipe(upstream).pipe(socket);
  });
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  await world.addHost('frozen', { ...target, port }, ['HostKeyAlias target', 'ServerAliveInterval 1']);
  await world.trust(`target ${target.hostPublicKey}`);
  const connection = await connect(world, { host: 'frozen' });
  const lost = Promise.withResolvers<Error | undefined>();
  connection.onClose(lost.resolve);
  const { duplex, stderr, exit } = await connection.exec(['cat']);
  stderr.resume();
  const cut = once(duplex.resume(), 'error');
  for (const socket of relayed) socket.unpipe().pause();
  expect(await lost.promise).toMatchObject({ message: expect.stringContaining('nothing was heard') });
  expect((await cut)[0]).toBe(await lost.promise);
  expect(await exit).toEqual({ code: null });
  for (const socket of relayed) socket.destroy();
});

/** A plain TCP server for one test. */
async function listen(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
