/** Clients that are gone in the middle of something: each is forgotten, and nothing of it is left unhandled. */
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import http2 from 'node:http2';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createWorld } from './testing/world.ts';

async function setup() {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => void unhandled.push(error);
  process.on('unhandledRejection', note);
  const world = await createWorld();
  const folder = await mkdtemp(join(tmpdir(), 'vanish-'));
  const path = join(folder, 's');
  const door = world.api.unixDoor(path);
  await door.start();
  onTestFinished(async () => {
    await door.stop();
    await world.close();
    await rm(folder, { recursive: true });
    process.off('unhandledRejection', note);
  });
  return { world, path, unhandled };
}

interface Wish {
  method: 'GET' | 'POST';
  path: string;
}

/** `soon`: not even the head of the answer is waited for. */
type Moment = 'soon' | 'with the first bytes';

async function vanishH1(socketPath: string, { method, path }: Wish, moment: Moment): Promise<void> {
  const headers = {
    'content-type': 'application/json',
    ...(method === 'POST' ? { 'content-length': 50 } : {}),
  };
  const request = http.request({ socketPath, path, method, headers, agent: false });
  const closed = new Promise((resolve) => request.once('close', resolve));
  request.on('error', () => undefined);
  // Of a body only half is ever sent.
  if (method === 'POST') request.write('{"jsonrpc":');
  else request.end();
  if (moment === 'with the first bytes' && method === 'GET')
    await new Promise((resolve) => request.once('response', (response) => response.once('data', resolve)));
  else await turn();
  request.destroy();
  await closed;
}

async function vanishH2(socketPath: string, { method, path }: Wish, moment: Moment): Promise<void> {
  const session = http2.connect('http://master', { createConnection: () => connect(socketPath) });
  const closed = new Promise((resolve) => session.once('close', resolve));
  session.on('error', () => undefined);
  const stream = session.request({ ':method': method, ':path': path, 'content-type': 'application/json' });
  stream.on('error', () => undefined);
  if (method === 'POST') stream.write('{"jsonrpc":');
  else stream.end();
  if (moment === 'with the first bytes' && method === 'GET')
    await new Promise((resolve) => stream.once('data', resolve));
  else await turn();
  session.destroy();
  await closed;
}

test('a client may vanish in the middle of anything', async () => {
  const { world, path, unhandled } = await setup();
  const running = await world.build();
  await world.output(running, 'half a line');
  const wishes: Wish[] = [
    { method: 'GET', path: '/api/v2/events?path=builds/*/*&from=0' },
    { method: 'GET', path: '/api/v2/logs/1/raw?follow=1' },
    { method: 'GET', path: '/sse/listen/builds/*/*' },
    { method: 'GET', path: '/api/v2/status' },
    { method: 'POST', path: '/api/v2/builds/1' },
  ];
  for (const vanish of [vanishH1, vanishH2]) {
    for (const moment of ['soon', 'with the first bytes'] as const)
      for (const wish of wishes) await vanish(path, wish, moment);
  }
  // What happens now is told to nobody of them.
  await world.output(running, ' and the rest\n');
  await world.finish(running);
  await vi.waitFor(async () => expect((await world.get('/healthz')).status).toBe(200));
  expect(unhandled).toEqual([]);
  expect(world.calls).toEqual([]);
});
