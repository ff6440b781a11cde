import { chmod, link, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MASTER_FILE, readLine } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../log.ts';
import type { Caller } from '../ports/caller.ts';
import { ownAccount } from './accounts.ts';
import { openTryDirectory } from './directory.ts';
import { Gateway } from './gateway.ts';

interface World {
  gateway: Gateway;
  directory: string;
  callers: Caller[];
  /** A new connection and the nonce it was given. */
  knock(): Promise<{ socket: Socket; nonce: string; proof: string }>;
}

async function setup(gateways: string[] = []): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'gateway-'));
  await openTryDirectory({ path: directory, maxJobBytes: 100, gateways: new Set() });
  const callers: Caller[] = [];
  const gateway = new Gateway({
    name: 'try',
    directory,
    gateways: new Set(gateways),
    maxJobBytes: 100,
    intake: { take: async (file) => ({ status: 'refused', reason: `no builder for ${file}`, hint: null }) },
    serve(socket, caller) {
      callers.push(caller);
      socket.end('this is the api');
    },
    logger: silentLogger,
  });
  await gateway.start();
  onTestFinished(async () => {
    await gateway.stop();
    await rm(directory, { recursive: true, force: true });
  });
  return {
    directory,
    gateway,
    callers,
    async knock() {
      const { socket: path } = JSON.parse(await readFile(join(directory, MASTER_FILE), 'utf8'));
      const socket = connect(path);
      const { nonce } = JSON.parse((await readLine(socket, 1000)) as string);
      return { socket, nonce, proof: join(directory, 'tmp', nonce) };
    },
  };
}

async function ask(socket: Socket, request: object): Promise<Record<string, unknown>> {
  socket.write(`${JSON.stringify(request)}\n`);
  return JSON.parse((await readLine(socket, 1000)) as string);
}

test('lets in who can make the proof file, takes a job in and hands over the rest of the stream', async () => {
  const { knock, callers } = await setup();
  const { socket, nonce, proof } = await knock();
  await writeFile(proof, nonce, { mode: 0o600 });
  expect(await ask(socket, { op: 'prove', user: null })).toEqual({ proven: true, user: ownAccount() });
  expect(await ask(socket, { op: 'take', file: 'x' })).toMatchObject({ reason: 'no builder for x' });
  expect(await ask(socket, { op: 'attach' })).toEqual({ attached: true, reason: null });
  expect((await readSome(socket)).toString()).toBe('this is the api');
  expect(callers).toEqual([{ user: ownAccount(), door: 'gateway' }]);
});

async function readSome(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

test('lets a gateway account, and no other, name the user', async () => {
  const trusted = await (await setup([ownAccount()])).knock();
  await writeFile(trusted.proof, trusted.nonce, { mode: 0o600 });
  expect(await ask(trusted.socket, { op: 'prove', user: 'alice' })).toEqual({ proven: true, user: 'alice' });
  const plain = await (await setup()).knock();
  await writeFile(plain.proof, plain.nonce, { mode: 0o600 });
  expect(await ask(plain.socket, { op: 'prove', user: 'alice' })).toMatchObject({ proven: false });
});

test.each<[string, (world: World, proof: string, nonce: string) => Promise<void>]>([
  ['no file', async () => undefined],
  ['a file with other content', (_world, proof) => writeFile(proof, 'x'.repeat(37), { mode: 0o600 })],
  [
    'a file that others may write',
    async (_world, proof, nonce) => {
      await writeFile(proof, nonce);
      await chmod(proof, 0o666);
    },
  ],
  [
    "somebody's file moved there",
    async ({ directory }, proof) => {
      await writeFile(join(directory, 'new', 'job'), 'a job of theirs', { mode: 0o644 });
      await rename(join(directory, 'new', 'job'), proof);
    },
  ],
  [
    'a hard link',
    async ({ directory }, proof, nonce) => {
      await writeFile(join(directory, 'new', 'job'), nonce, { mode: 0o600 });
      await link(join(directory, 'new', 'job'), proof);
    },
  ],
])('does not let in with %s', async (_what, prepare) => {
  const world = await setup();
  const { socket, nonce, proof } = await world.knock();
  await prepare(world, proof, nonce);
  expect(await ask(socket, { op: 'prove', user: null })).toMatchObject({ proven: false });
  expect(await readLine(socket, 1000)).toBeNull();
  expect(world.callers).toEqual([]);
});

test.each(['not json', '{"op":"attach"}', `{"op":"prove","user":${'"x"'.repeat(3)}}`])(
  'turns %j away',
  async (line) => {
    const { knock, callers } = await setup();
    const { socket } = await knock();
    socket.write(`${line}\n`);
    expect(JSON.parse((await readLine(socket, 1000)) as string)).toMatchObject({ proven: false });
    expect(callers).toEqual([]);
  },
);

test('lets nobody in any more when it is retired, and leaves who is in alone', async () => {
  const { directory, gateway, knock } = await setup();
  const { socket, nonce, proof } = await knock();
  await gateway.retire();
  await expect(readFile(join(directory, MASTER_FILE))).rejects.toThrow('ENOENT');
  await writeFile(proof, nonce, { mode: 0o600 });
  expect(await ask(socket, { op: 'prove', user: null })).toMatchObject({ proven: true });
  expect(await ask(socket, { op: 'take', file: 'x' })).toMatchObject({ reason: 'no builder for x' });
  await gateway.stop();
  expect(await readLine(socket, 1000)).toBeNull();
});

test('takes its sign down when it stops, and can start again', async () => {
  const { directory, knock } = await setup();
  const gateway = new Gateway({
    name: 'again',
    directory,
    gateways: new Set(),
    maxJobBytes: 1,
    intake: { take: async () => ({ status: 'kept', reason: '' }) },
    serve: (socket) => socket.destroy(),
    logger: silentLogger,
  });
  await gateway.start();
  await gateway.stop();
  await gateway.stop();
  await expect(readFile(join(directory, MASTER_FILE))).rejects.toThrow('ENOENT');
  await gateway.start();
  expect((await knock()).nonce).toMatch(/^auth-/);
  await gateway.stop();
});
