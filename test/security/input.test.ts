/** Requests made to break something: heads, bodies, paths and frames that no honest client sends. */
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { bearer, type OpenApi, openApi, sendBytes } from '../support/open-api.ts';

let world: OpenApi;
let endWorld: () => Promise<void>;
let admin: Record<string, string>;

beforeAll(async () => {
  world = await openApi({ www: { origins: ['https://dash.example'] } }, (end) => {
    endWorld = end;
  });
  const running = await world.build({ submitter: 'alice' });
  await world.output(running, '<script>alert(1)</script>\n');
  admin = bearer((await world.token({ user: 'root', scopes: ['admin'] })).secret);
});

afterAll(() => endWorld());

beforeEach(() => void world.calls.splice(0));

/** It serves others as before. */
async function expectWell(): Promise<void> {
  expect((await world.ask('/healthz')).status).toBe(200);
  expect(({} as Record<string, unknown>).admin).toBeUndefined();
}

const ending = (head: string) => `${head}\r\nHost: ${world.host}\r\nConnection: close\r\n`;

describe('row 4, CVE-2024-37890 and CVE-2021-32640: a websocket survives', () => {
  const open = async (options: WebSocket.ClientOptions = {}) => {
    const socket = new WebSocket(`ws://${world.host}/ws`, options);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return socket;
  };

  test('2,000 header fields in the upgrade', async () => {
    const fields = Array.from({ length: 2000 }, (_, i) => `x-${i}: ${'y'.repeat(10)}\r\n`).join('');
    const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\n';
    const answer = await sendBytes(
      world.host,
      `GET /ws HTTP/1.1\r\nHost: ${world.host}\r\n${upgrade}${fields}\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    await expectWell();
  });

  test('a protocol header of a megabyte of spaces', async () => {
    const field = `Sec-WebSocket-Protocol: b${' '.repeat(1_000_000)}x\r\n`;
    const answer = await sendBytes(world.host, `${ending('GET /ws HTTP/1.1')}${field}\r\n`);
    expect(answer).toMatch(/^(HTTP\/1\.1 431 |$)/);
    await expectWell();
  });

  test('a frame of 17 MiB', async () => {
    const socket = await open();
    socket.on('error', () => undefined);
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.send('x'.repeat(17 * 1024 * 1024));
    expect([1006, 1009]).toContain(await closed);
    await expectWell();
  });

  test('10,000 fragments of a byte', async () => {
    const socket = await open();
    for (let i = 0; i < 10_000; i++) socket.send(' ', { fin: false });
    socket.send('{"cmd":"ping","_id":7}', { fin: true });
    const answer = await new Promise<string>((resolve) =>
      socket.once('message', (data) => resolve(String(data))),
    );
    expect(JSON.parse(answer)).toEqual({ msg: 'pong', code: 200, _id: 7 });
    socket.terminate();
  });

  test('a compressed bomb: nothing compressed is taken', async () => {
    const socket = await open({ perMessageDeflate: true });
    expect(socket.extensions).toBe('');
    socket.terminate();
  });

  test('names of Object and of Python as commands', async () => {
    const socket = await open();
    for (const cmd of ['constructor', '__proto__', 'toString', '__class__', 'hasOwnProperty']) {
      socket.send(JSON.stringify({ cmd, _id: 1, path: 'x' }));
      const answer = await new Promise<string>((resolve) =>
        socket.once('message', (data) => resolve(String(data))),
      );
      expect(JSON.parse(answer)).toMatchObject({ code: 404 });
    }
    socket.terminate();
  });
});

describe('row 5: a line break from outside ends no line', () => {
  const EVIL = 'x\r\nSet-Cookie: a=b\r\n\r\n<script>';

  test.each([
    '/api/v2/builders/EVIL',
    '/api/v2/builds?order=EVIL',
    '/EVIL',
    '/sse/add/EVIL/x',
    '/api/v2/logs/1/raw?offset=EVIL',
  ])('of the head, in %s', async (target) => {
    const reply = await world.ask(target.replace('EVIL', encodeURIComponent(EVIL)));
    expect(reply.headers['set-cookie']).toBeUndefined();
    expect(reply.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(reply.headers['x-content-type-options']).toBe('nosniff');
  });

  test('of the log, in any text of a call', async () => {
    await world.call('/api/v2/forceschedulers/force', 'force', { reason: EVIL, branch: EVIL }, admin);
    await world.call('/api/v2/workers/w1', EVIL, {}, admin);
    await world.call(`/api/v2/workers/${encodeURIComponent(EVIL)}`, 'kill', { reason: EVIL });
    for (const line of world.logLines) expect(line).not.toMatch(/[\r\n]/);
  });
});

describe('row 7: a log’s address leads to no file', () => {
  test.each([
    '..%2f..%2fstate.sqlite',
    '%2e%2e/%2e%2e/state.sqlite',
    '/etc/passwd',
    '1%00',
    '1%2f..%2f2',
    '..\\..\\state.sqlite',
    'file:///etc/passwd',
    '-1',
    '1e0',
    '0x1',
  ])('%s', async (name) => {
    for (const target of [
      `/api/v2/logs/${name}/raw`,
      `/api/v2/steps/1/logs/${name}/raw`,
      `/api/v2/builds/1/steps/0/logs/${name}/raw_inline`,
    ]) {
      const answer = await sendBytes(world.host, `${ending(`GET ${target} HTTP/1.1`)}\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 (400|404) /);
      expect(answer).not.toMatch(/SQLite format|root:/);
    }
  });
});

describe('CVE-2009-2959: what a build wrote is no page', () => {
  test.each(['raw', 'raw_inline'])('%s: plain text, not sniffed, in a sandbox', async (path) => {
    const { headers, body } = await world.ask(`/api/v2/logs/1/${path}`);
    expect(body).toBe('<script>alert(1)</script>\n');
    expect([headers['content-type'], headers['x-content-type-options']]).toEqual([
      'text/plain; charset=utf-8',
      'nosniff',
    ]);
    expect(headers['content-security-policy']).toBe("sandbox; default-src 'none'");
    expect(headers['content-disposition']).toMatch(/^(attachment|inline); filename=[A-Za-z0-9._-]+$/);
  });

  test('nor is an error that repeats what was asked', async () => {
    const { headers, body } = await world.ask('/api/v2/%3Cscript%3Ealert(1)%3C/script%3E');
    expect([headers['content-type'], headers['x-content-type-options']]).toEqual([
      'text/plain; charset=utf-8',
      'nosniff',
    ]);
    expect(JSON.parse(body)).toHaveProperty('error');
  });
});

describe('row 22: a name of Object’s own changes nothing for anybody', () => {
  test.each(['__proto__', 'constructor', 'prototype'])('%s', async (name) => {
    const polluting = `{"${name}":{"admin":true,"prototype":{"admin":true}}}`;
    const body = (params: string) => `{"jsonrpc":"2.0","id":1,"method":"force","params":${params}}`;
    const headers = { ...admin, 'content-type': 'application/json' };
    for (const params of [
      polluting,
      `{"properties":${polluting}}`,
      `{"builderNames":["linux"],"x":${polluting}}`,
    ])
      await world.ask('/api/v2/forceschedulers/force', { method: 'POST', headers, body: body(params) });
    await world.ask('/auth/tokens', {
      method: 'POST',
      headers,
      body: body(polluting).replace('force', 'add'),
    });
    await world.ask(
      `/api/v2/builds?${name}=1&${name}[admin]=true&field=${name}&order=${name}&property=${name}`,
    );
    await world.ask(`/api/v2/builders/${name}/builds/1`);
    await expectWell();
    expect(JSON.stringify(world.calls)).not.toContain('"admin"');
  });
});

describe('row 25: a body that is too deep or too long', () => {
  const headers = { 'content-type': 'application/json' };

  test('of 100,000 brackets is refused before it is read as JSON', async () => {
    const body = `{"jsonrpc":"2.0","id":1,"method":"stop","params":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const reply = await world.ask('/api/v2/builds/1', {
      method: 'POST',
      headers: { ...admin, ...headers },
      body,
    });
    expect([reply.status, JSON.parse(reply.body).error.message]).toEqual([
      400,
      expect.stringContaining('deeper than 32'),
    ]);
  });

  test('that says it is a gigabyte is refused before it is sent', async () => {
    const head = `${ending('POST /api/v2/builds/1 HTTP/1.1')}Content-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n`;
    expect(await sendBytes(world.host, head)).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('that never ends is refused at a megabyte', async () => {
    const [hostname = '', port] = world.host.split(':');
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.write(
      `${ending('POST /api/v2/builds/1 HTTP/1.1')}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const piece = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    for (let i = 0; i < 64 && !socket.destroyed; i++) socket.write(piece);
    await new Promise((resolve) => socket.once('close', resolve));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    await expectWell();
  });
});

describe('row 26: connections that say nothing', () => {
  test('leave room for those that do', async () => {
    const [hostname = '', port] = world.host.split(':');
    const sockets = Array.from({ length: 500 }, () => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      socket.write('GET /healthz HTTP/1.1\r\nHost: ');
      return socket;
    });
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    await expectWell();
    for (const socket of sockets) socket.destroy();
  });
});

describe('requests inside requests (smuggling)', () => {
  const inner = `POST /api/v2/builds/1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\r\n`;

  test.each([
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['a length and chunks', `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`],
    ['an unknown encoding', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
    ['a space before the colon', 'Content-Length : 5\r\n\r\nhello'],
    ['a folded line', 'X-A: b\r\n Content-Length: 5\r\n\r\nhello'],
    ['a length with a sign', 'Content-Length: +5\r\n\r\nhello'],
    ['a chunk size that is none', 'Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n'],
    ['a null byte in a field', 'X-A: a\0b\r\n\r\n'],
  ])('%s: refused, and nothing is done', async (_, rest) => {
    const authorization = `Authorization: ${admin.authorization}\r\nContent-Type: application/json\r\n`;
    const answer = await sendBytes(
      world.host,
      `${ending('POST /api/v2/builds/1 HTTP/1.1')}${authorization}${rest}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(world.calls).toEqual([]);
  });
});

describe('row 29: an order or filter is no SQL', () => {
  test.each([
    'order=-(select%20hash%20from%20credentials)',
    'order=number;drop%20table%20builds',
    'field=hash',
    "number__eq=1'%20or%20'1'='1",
    'number__raw=1',
    'limit=1;%20drop%20table%20builds',
    'offset=-1%20union%20select%20*%20from%20credentials',
    "property=x'%20or%20'1'='1",
    "filter[x'--]=1",
    'results__contains=%27)%20or%20(1=1',
  ])('%s', async (query) => {
    const reply = await world.ask(`/api/v2/builds?${query}`);
    expect([200, 400]).toContain(reply.status);
    expect(reply.body).not.toMatch(/sqlite|syntax|credentials"|[0-9a-f]{64}/i);
    expect((await world.ask('/api/v2/builds/1')).status).toBe(200);
  });
});

describe('a page of another site', () => {
  test.each(['https://evil.example', 'null', 'https://dash.example.evil', 'http://dash.example'])(
    'at %s is answered nothing',
    async (origin) => {
      const reply = await world.ask('/api/v2/builds', { headers: { origin } });
      expect([reply.status, reply.headers['access-control-allow-origin']]).toEqual([400, undefined]);
    },
  );

  test('that is allowed is named, and may send a token but no cookies', async () => {
    const headers = { origin: 'https://dash.example' };
    const reply = await world.ask('/api/v2/builds', { headers });
    expect([reply.status, reply.headers['access-control-allow-origin'], reply.headers.vary]).toEqual([
      200,
      'https://dash.example',
      'Origin',
    ]);
    expect(reply.headers['access-control-allow-credentials']).toBeUndefined();
    const preflight = await world.ask('/api/v2/builds/1', { method: 'OPTIONS', headers });
    expect([preflight.status, preflight.headers['access-control-allow-headers']]).toEqual([
      204,
      'Authorization, Content-Type',
    ]);
  });
});

describe('a name that leads here and is not ours (DNS rebinding)', () => {
  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    'a b',
    '',
    'localhost@evil.example',
  ])('%j', async (host) => {
    const answer = await sendBytes(
      world.host,
      `GET /api/v2/builds HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 (400|403) /);
    expect(answer).not.toContain('buildid');
  });

  test('nor does a proxy’s word for it count', async () => {
    const headers = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      forwarded: 'host=evil.example',
    };
    const reply = await world.ask('/api', { headers });
    expect(reply.body).not.toContain('evil');
  });
});
