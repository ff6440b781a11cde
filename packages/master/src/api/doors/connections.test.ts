import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex, PassThrough } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import type { Caller } from '../../ports/caller.ts';
import { byteStream } from '../http/byte-stream.ts';
import { type Connections, createConnections, type Fetch } from './connections.ts';

const ALICE: Caller = { user: 'alice', door: 'gateway' };
const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function connectionsFor(fetch: Fetch): Connections {
  const connections = createConnections({ fetch, upgrade: () => (_, socket) => socket.end() });
  cleanups.push(() => connections.stop());
  return connections;
}

async function listen(fetch: Fetch): Promise<string> {
  const connections = connectionsFor(fetch);
  const folder = await mkdtemp(join(tmpdir(), 'api-'));
  const path = join(folder, 's');
  const server: Server = createServer((socket) => connections.handle(socket, ALICE));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  cleanups.push(() => rm(folder, { recursive: true }));
  cleanups.push(() => server.close());
  return path;
}

function h2Client(carrier: () => Duplex): ClientHttp2Session {
  const session = http2.connect('http://master', {
    createConnection: carrier,
    settings: { initialWindowSize: 4 * 1024 * 1024 },
  });
  session.on('connect', () => session.setLocalWindowSize(16 * 1024 * 1024));
  session.on('error', () => undefined);
  cleanups.push(() => session.destroy());
  return session;
}

function h1Get(path: string, url: string, options: http.RequestOptions = {}): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    http.get({ socketPath: path, path: url, agent: false, ...options }, resolve).on('error', reject);
  });
}

/** How a response ended: `whole`, or `broken` when the client can tell that it was cut. */
function endOf(stream: ClientHttp2Stream | http.IncomingMessage): Promise<'whole' | 'broken'> {
  return new Promise((resolve) => {
    stream.on('error', () => resolve('broken'));
    stream.on('end', () => resolve('whole'));
    stream.on('close', () => resolve('broken'));
    stream.resume();
  });
}

const whoami: Fetch = (_, { caller }) => new Response(JSON.stringify(caller));
describe('connections', () => {
  it('speaks HTTP/1.1 and HTTP/2 on the same socket, and knows the caller on both', async () => {
    const path = await listen(whoami);
    expect(JSON.parse(await text(await h1Get(path, '/')))).toEqual(ALICE);
    const session = h2Client(() => connect(path));
    expect(JSON.parse(await text(session.request({ ':path': '/' })))).toEqual(ALICE);
  });

  it('serves a byte stream that is no socket', async () => {
    const connections = connectionsFor(whoami);
    const [up, down] = [new PassThrough(), new PassThrough()];
    connections.handle(Duplex.from({ readable: up, writable: down }), ALICE);
    const session = h2Client(() => Duplex.from({ readable: down, writable: up }));
    expect(JSON.parse(await text(session.request({ ':path': '/' })))).toEqual(ALICE);
  });

  it('carries 100 MB over HTTP/2 while a second stream on the same connection goes on', async () => {
    const piece = randomBytes(256 * 1024);
    const pieces = 400;
    const path = await listen((request, env) => {
      if (request.url.endsWith('/small')) return new Response('small');
      return new Response(
        byteStream(
          async function* () {
            for (let i = 0; i < pieces; i++) yield piece;
          },
          env,
          () => undefined,
        ),
      );
    });
    const session = h2Client(() => connect(path));
    const large = session.request({ ':path': '/large' });
    let bytes = 0;
    let isSame = true;
    const answered: Promise<string>[] = [];
    for await (const chunk of large as AsyncIterable<Buffer>) {
      if (answered.length < 3) answered.push(text(session.request({ ':path': '/small' })));
      isSame &&=
        chunk[0] === piece[bytes % piece.length] &&
        chunk.at(-1) === piece[(bytes + chunk.length - 1) % piece.length];
      bytes += chunk.length;
    }
    expect(bytes).toBe(pieces * piece.length);
    expect(isSame).toBe(true);
    expect(await Promise.all(answered)).toEqual(['small', 'small', 'small']);
  });

  it('reads no further ahead than a client that does not read', async () => {
    let made = 0;
    const path = await listen((request, env) => {
      if (request.url.endsWith('/small')) return new Response('small');
      return new Response(
        byteStream(
          async function* () {
            for (; made < 4000; made++) yield new Uint8Array(64 * 1024);
          },
          env,
          () => undefined,
        ),
      );
    });
    const session = h2Client(() => connect(path));
    const slow = session.request({ ':path': '/' });
    slow.pause();
    await new Promise((resolve) => slow.once('response', resolve));
    let before = -1;
    while (made !== before) {
      before = made;
      await text(session.request({ ':path': '/small' }));
    }
    expect(made * 64 * 1024).toBeLessThan(32 * 1024 * 1024);
  });

  it.each(['HTTP/1.1', 'HTTP/2'])(
    'lets a client see over %s that a body was broken off',
    async (protocol) => {
      const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
      const path = await listen(
        (_, env) =>
          new Response(
            byteStream(
              async function* () {
                yield 'half';
                await begun;
                throw new Error('the disk is gone');
              },
              env,
              () => undefined,
            ),
          ),
      );
      const stream =
        protocol === 'HTTP/2'
          ? h2Client(() => connect(path)).request({ ':path': '/' })
          : await h1Get(path, '/');
      const ended = endOf(stream);
      stream.once('data', () => begin());
      expect(await ended).toBe('broken');
    },
  );

  it('breaks off the streams that are open when it stops', async () => {
    const connections = connectionsFor(
      (_, env) =>
        new Response(
          byteStream(
            async function* (signal) {
              yield 'begin';
              await new Promise((resolve) => signal.addEventListener('abort', resolve));
            },
            env,
            () => undefined,
          ),
        ),
    );
    const [up, down] = [new PassThrough(), new PassThrough()];
    connections.handle(Duplex.from({ readable: up, writable: down }), ALICE);
    const stream = h2Client(() => Duplex.from({ readable: down, writable: up })).request({ ':path': '/' });
    await new Promise((resolve) => stream.once('data', resolve));
    const ended = endOf(stream);
    await connections.stop();
    expect(await ended).toBe('broken');
  });

  it('refuses a head of 2,000 fields and goes on serving others', async () => {
    const path = await listen(whoami);
    const headers = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`x-${i}`, 'y'.repeat(20)]));
    expect((await h1Get(path, '/', { headers })).statusCode).toBe(431);
    expect((await h1Get(path, '/')).statusCode).toBe(200);
  });

  it('closes a connection that speaks no HTTP', async () => {
    const path = await listen(whoami);
    const socket = connect(path);
    socket.write('\u0016\u0003\u0001 this is TLS\r\n\r\n');
    expect((await buffer(socket)).toString()).toContain('400 Bad Request');
  });

  it('refuses an ambiguous length', async () => {
    const path = await listen(whoami);
    const socket = connect(path);
    socket.write(
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    );
    expect((await buffer(socket)).toString()).toContain('400 Bad Request');
  });
});
