/** The way of `buildbot try`: one authenticated byte stream, HTTP/2 on it, events and a log and a control call at once. */
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { Duplex, PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ALICE, BOB, createWorld, type World } from './testing/world.ts';

let world: World;
const sessions: ClientHttp2Session[] = [];
beforeEach(async () => {
  world = await createWorld();
});
afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  await world.close();
});

function attach(caller: typeof ALICE): ClientHttp2Session {
  const [up, down] = [new PassThrough(), new PassThrough()];
  world.api.handleConnection(Duplex.from({ readable: up, writable: down }), caller);
  const session = http2.connect('http://master', {
    createConnection: () => Duplex.from({ readable: down, writable: up }),
  });
  session.on('error', () => undefined);
  sessions.push(session);
  return session;
}

/** Collects what a stream says. */
function listenTo(stream: ClientHttp2Stream) {
  let all = '';
  let wake = () => {};
  let ending = 'none';
  const note = (how: string) => () => {
    if (ending === 'none') ending = how;
    wake();
  };
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    all += chunk;
    wake();
  });
  stream.on('end', note('whole'));
  stream.on('error', note('broken'));
  stream.on('close', note('broken'));
  const until = async (isThere: () => boolean) => {
    while (!isThere()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
    }
  };
  return {
    hears: (wanted: string) => until(() => all.includes(wanted)),
    async ends() {
      await until(() => ending !== 'none');
      return { ending, all };
    },
  };
}

describe('one byte stream from the gateway', () => {
  it('carries events, a followed log and a stop at once, in the name of its user', async () => {
    const session = attach(ALICE);
    const running = await world.build({ submitter: 'alice' });
    const events = listenTo(session.request({ ':path': '/api/v2/events?path=builds/*/*' }));
    await events.hears('event: ready');
    const log = listenTo(session.request({ ':path': '/api/v2/logs/1/raw?follow=1' }));
    await world.output(running, 'running\n');
    await log.hears('running\n');

    const rpc = session.request({
      ':path': '/api/v2/builds/1',
      ':method': 'POST',
      'content-type': 'application/json',
    });
    rpc.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'stop', params: { reason: 'enough' } }));
    expect(JSON.parse(await text(rpc))).toEqual({ jsonrpc: '2.0', id: 1, result: null });
    expect(world.calls).toEqual([['stopBuild', 1, 'alice', 'enough']]);

    await world.output(running, 'the end\n');
    await world.finish(running);
    expect(await log.ends()).toEqual({ ending: 'whole', all: 'running\nthe end\n' });
    await events.hears('"builds/1/finished"');
  });

  it('is broken off, not ended, when the master stops before the log is complete', async () => {
    const running = await world.build();
    const log = listenTo(attach(ALICE).request({ ':path': '/api/v2/logs/1/raw?follow=1' }));
    await world.output(running, 'running\n');
    await log.hears('running\n');
    await world.api.stop();
    expect((await log.ends()).ending).toBe('broken');
  });

  it('says that the master stops, and closes the connection, while a log is followed on it', async () => {
    const running = await world.build();
    const session = attach(ALICE);
    const closed = new Promise<string>((resolve) => session.once('close', () => resolve('closed')));
    const events = listenTo(session.request({ ':path': '/api/v2/events?path=masters/*/*' }));
    await events.hears('event: ready');
    const log = listenTo(session.request({ ':path': '/api/v2/logs/1/raw?follow=1' }));
    await world.output(running, 'running\n');
    await log.hears('running\n');
    await world.store.masterStopped(world.masterId);
    await world.api.farewell.stop();
    const { ending, all } = await events.ends();
    expect(ending).toBe('whole');
    expect(all).toMatch(/masters\/1\/stopped.*\n\nevent: stopping\ndata: \{"n":\d+\}\n\n$/s);
    expect((await log.ends()).ending).toBe('broken');
    expect(await closed).toBe('closed');
  });

  it('keeps two connections apart by their users', async () => {
    await world.build({ submitter: 'alice' });
    const rpc = attach(BOB).request({
      ':path': '/api/v2/builds/1',
      ':method': 'POST',
      'content-type': 'application/json',
    });
    rpc.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'stop', params: {} }));
    expect(await text(rpc)).toContain('you are bob');
    expect(world.calls).toEqual([]);
  });
});

it('answers any path and query with an answer of its own, never with a failure', async () => {
  const part = fc.oneof(
    fc.constantFrom(
      'builds',
      'builders',
      'linux',
      'steps',
      'logs',
      'raw',
      'contents',
      '1',
      '0',
      '..',
      '%2f',
      '%',
      ';',
      '*',
      'api',
      'events',
    ),
    fc.webSegment(),
  );
  const path = fc.tuple(fc.array(part, { maxLength: 6 }), fc.webQueryParameters());
  await fc.assert(
    fc.asyncProperty(path, async ([parts, query]) => {
      const response = await world.get(`/api/v2/${parts.join('/')}?${query}`);
      await response.body?.cancel();
      expect([200, 400, 404, 416]).toContain(response.status);
    }),
    { numRuns: 300 },
  );
});

it('starts and stops any number of times', async () => {
  await world.api.stop();
  await world.api.stop();
  await world.api.start();
  await world.api.start();
  expect((await world.get('/healthz')).status).toBe(200);
});
