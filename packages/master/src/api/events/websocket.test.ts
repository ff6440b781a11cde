import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Door } from '../doors/listener.ts';
import { createWorld, type World } from '../testing/world.ts';

let world: World;
let folder: string;
let door: Door;
beforeEach(async () => {
  world = await createWorld();
  folder = await mkdtemp(join(tmpdir(), 'ws-'));
  door = world.api.unixDoor(join(folder, 's'));
  await door.start();
});
afterEach(async () => {
  await door.stop();
  await world.close();
  await rm(folder, { recursive: true });
});

type Frame = Record<string, unknown>;

/** A client that keeps what it hears and can be asked for the next frame. */
async function client() {
  const socket = new WebSocket(`ws+unix://${join(folder, 's')}:/ws`);
  const frames: Frame[] = [];
  let wake = () => {};
  socket.on('message', (data) => {
    frames.push(JSON.parse(String(data)) as Frame);
    wake();
  });
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('open', resolve));
  const next = async (): Promise<Frame> => {
    while (frames.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
    }
    return frames.shift() as Frame;
  };
  const ask = async (frame: object) => {
    socket.send(JSON.stringify(frame));
    return next();
  };
  return { socket, next, ask, closed };
}

describe('/ws', () => {
  it('tells a build under every subscribed key, the whole resource in it', async () => {
    const { ask, next } = await client();
    expect(await ask({ cmd: 'startConsuming', path: 'builds/*/*', _id: 1 })).toEqual({
      msg: 'OK',
      code: 200,
      _id: 1,
    });
    expect(await ask({ cmd: 'startConsuming', path: 'builders/1/builds/*/*', _id: 2 })).toMatchObject({
      code: 200,
    });
    const { build } = await world.build();
    const [first, second] = [await next(), await next()];
    expect(first).toMatchObject({
      k: `builds/${build.buildId}/new`,
      m: { buildid: build.buildId, properties: {} },
    });
    expect(second).toMatchObject({ k: `builders/1/builds/${build.number}/new`, n: first.n });
  });

  it('acknowledges a subscription twice and has it once', async () => {
    const { ask, next } = await client();
    await ask({ cmd: 'startConsuming', path: 'builds/*/new', _id: 1 });
    expect(await ask({ cmd: 'startConsuming', path: 'builds/*/new', _id: 2 })).toMatchObject({
      code: 200,
      _id: 2,
    });
    await world.build();
    expect(await next()).toMatchObject({ k: 'builds/1/new' });
    expect(await ask({ cmd: 'ping', _id: 3 })).toEqual({ msg: 'pong', code: 200, _id: 3 });
  });

  it('tells nothing after stopConsuming, and refuses it for what was not consumed', async () => {
    const { ask } = await client();
    await ask({ cmd: 'startConsuming', path: 'builds/*/*', _id: 1 });
    expect(await ask({ cmd: 'stopConsuming', path: 'builds/*/*', _id: 2 })).toMatchObject({ code: 200 });
    await world.build();
    expect(await ask({ cmd: 'stopConsuming', path: 'x/y', _id: 3 })).toEqual({
      error: "path was not consumed 'x/y'",
      code: 400,
      _id: 3,
    });
  });

  it('tells what was missed since a number, then goes on live', async () => {
    await world.build();
    const { ask, next } = await client();
    await ask({ cmd: 'startConsuming', path: 'builds/*/new', from: 0, _id: 1 });
    expect(await next()).toMatchObject({ k: 'builds/1/new' });
    await world.build();
    expect(await next()).toMatchObject({ k: 'builds/2/new' });
  });

  it('tells of growing logs, without a number', async () => {
    const running = await world.build();
    const { ask, next } = await client();
    await ask({ cmd: 'startConsuming', path: 'steps/*/logs/*/*', _id: 1 });
    await world.output(running, 'hello\n');
    const frame = await next();
    expect(frame).toMatchObject({
      k: 'steps/1/logs/stdio/append',
      m: { logid: 1, num_lines: 1, num_bytes: 6 },
    });
    expect(frame).not.toHaveProperty('n');
    await world.finish(running);
    expect(await next()).toMatchObject({ k: 'steps/1/logs/stdio/finished' });
  });

  it.each([
    ['{', 400],
    ['null', 400],
    ['[]', 400],
    ['{"cmd":"__proto__","_id":1}', 404],
  ])('answers %s with an error and goes on', async (text, code) => {
    const { socket, next, ask } = await client();
    socket.send(text);
    expect(await next()).toMatchObject({ code });
    expect(await ask({ cmd: 'ping', _id: 1 })).toMatchObject({ msg: 'pong' });
  });

  it('answers pings of the protocol', async () => {
    const { socket } = await client();
    const pong = new Promise((resolve) => socket.once('pong', (data) => resolve(String(data))));
    socket.ping('are you there');
    expect(await pong).toBe('are you there');
  });

  it('closes on binary frames, and on frames beyond 1 MiB', async () => {
    const binary = await client();
    binary.socket.send(Buffer.from('{}'));
    expect(await binary.closed).toBe(1003);
    const large = await client();
    large.socket.send('x'.repeat(1024 * 1024 + 1));
    expect(await large.closed).toBe(1009);
  });

  it('answers every one of 5,000 commands that come at once, in order', async () => {
    const { socket, next } = await client();
    for (let i = 0; i < 5000; i++) socket.send(JSON.stringify({ cmd: 'ping', _id: i }));
    for (let i = 0; i < 5000; i++) expect((await next())._id).toBe(i);
  });

  it('takes 2,000 subscriptions and no more', async () => {
    const { socket, next, ask } = await client();
    for (let i = 0; i < 2000; i++)
      socket.send(JSON.stringify({ cmd: 'startConsuming', path: `builds/${i}/*`, _id: i }));
    for (let i = 0; i < 2000; i++) expect((await next()).code).toBe(200);
    expect(await ask({ cmd: 'startConsuming', path: 'one/more', _id: 1 })).toMatchObject({ code: 400 });
  });

  it('is not opened for a foreign page', async () => {
    const socket = connect(join(folder, 's'));
    socket.write(
      'GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: https://evil\r\n\r\n',
    );
    const answer = await new Promise((resolve) => socket.once('data', (data) => resolve(String(data))));
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
  });

  it('says why it is closed when the master stops, after all that there was to tell', async () => {
    const { socket, ask, next } = await client();
    const closed = new Promise((resolve) =>
      socket.once('close', (code, reason) => resolve([code, String(reason)])),
    );
    await ask({ cmd: 'startConsuming', path: 'masters/*/*', _id: 1 });
    await world.store.masterStopped(world.masterId);
    await world.api.stop();
    expect(await next()).toMatchObject({ k: 'masters/1/stopped' });
    expect(await closed).toEqual([1001, 'the master is stopping']);
  });

  it('does not keep the master from stopping when the client is frozen', async () => {
    const { socket, closed } = await client();
    socket.pause();
    await world.api.stop();
    socket.resume();
    expect(await closed).toBe(1001);
  });
});
