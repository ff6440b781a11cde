/** The API's own TLS, and what it changes: cookies that never leave it, and nobody who speaks without. */
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type ConnectionOptions, connect } from 'node:tls';
import { UserError } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { type OpenApi, openApi, type Reply, sendBytes } from '../support/open-api.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/tls');
const certificate = join(FIXTURES, 'certificate.pem');

/** Files as an administrator has them: Git keeps no such modes. */
async function tlsFiles(mode = 0o600) {
  const folder = await mkdtemp(join(tmpdir(), 'tls-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const key = join(folder, 'key.pem');
  await copyFile(join(FIXTURES, 'key.pem'), key);
  await chmod(key, mode);
  return { certificate, key };
}

/** A second door of the world that speaks TLS; answers where it is. */
async function secureDoor(world: OpenApi): Promise<string> {
  const door = world.api.tcpDoor('127.0.0.1:0', { tls: await tlsFiles() });
  await door.start();
  onTestFinished(() => door.stop());
  return door.address as string;
}

async function ask(host: string, path: string, headers: Record<string, string> = {}): Promise<Reply> {
  const ca = await readFile(certificate);
  const [hostname, port] = host.split(':');
  return await new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, headers, ca, agent: false }, (response) => {
      text(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        reject,
      );
    });
    asked.once('error', reject).end();
  });
}

function handshake(host: string, options: ConnectionOptions): Promise<string> {
  const [hostname = '', port] = host.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ...options });
    socket.once('secureConnect', () => resolve('taken'));
    socket.once('error', () => resolve('refused'));
    socket.once('close', () => resolve('refused'));
    onTestFinished(() => void socket.destroy());
  });
}

test('over TLS the API is itself, and the cookie of a login stays on TLS', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tls-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const htpasswd = join(folder, 'users');
  const hash = '$2y$10$abcdefghijklmnopqrstuOozuv/aF9cWZ/oGiFIS/0s5l23v3dweC';
  await writeFile(htpasswd, `alice:${hash}\n`, { mode: 0o600 });
  const world = await openApi({ www: { auth: { htpasswd } } });
  const host = await secureDoor(world);
  expect(JSON.parse((await ask(host, '/config')).body).buildbotURL).toBe(`https://${host}/`);
  const authorization = `Basic ${Buffer.from('alice:correct horse').toString('base64')}`;
  const reply = await ask(host, '/auth/login', { authorization });
  expect([reply.status, reply.headers.location]).toEqual([302, `https://${host}/#/`]);
  expect(reply.headers['set-cookie']?.[0]).toMatch(
    /^__Host-buildbot_session=.*; HttpOnly; SameSite=Lax; Secure; /,
  );
});

test('a page of the same host without TLS is another site', async () => {
  const host = await secureDoor(await openApi());
  expect((await ask(host, '/api/v2/builds', { origin: `http://${host}` })).status).toBe(400);
  expect((await ask(host, '/api/v2/builds', { origin: `https://${host}` })).status).toBe(200);
});

test('who speaks no TLS there, or an old one, is hung up on', async () => {
  const host = await secureDoor(await openApi());
  expect(await sendBytes(host, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')).not.toContain('HTTP');
  expect(
    await handshake(host, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }),
  ).toBe('refused');
  expect(await handshake(host, { minVersion: 'TLSv1.3' })).toBe('taken');
});

test('a key that everybody on the machine can read opens no door', async () => {
  const world = await openApi();
  const door = world.api.tcpDoor('127.0.0.1:0', { tls: await tlsFiles(0o644) });
  await expect(door.start()).rejects.toThrow(UserError);
  await expect(door.start()).rejects.toThrow('open to everybody');
});

test('files that are none say so when it starts', async () => {
  const world = await openApi();
  const { key } = await tlsFiles();
  const missing = world.api.tcpDoor('127.0.0.1:0', { tls: { certificate: '/nonexistent', key } });
  await expect(missing.start()).rejects.toThrow('cannot read what listen.tls names');
  const wrong = world.api.tcpDoor('127.0.0.1:0', { tls: { certificate: key, key } });
  await expect(wrong.start()).rejects.toThrow('listen.tls does not work');
});
