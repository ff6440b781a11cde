/** Who may read: the whole table of routes for those who may not, tricks with paths, and what is for administrators only. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  COLLECTIONS,
  FAILURE_DIGESTS,
  LOG_CONTENTS,
  PROPERTY_LISTS,
  PROPERTY_MAPS,
  RAW_INLINE_LOGS,
  RAW_LOGS,
  SINGLES,
} from '../../packages/master/src/api/routes/paths.ts';
import { bearer, type OpenApi, openApi, sendBytes } from '../support/open-api.ts';

const TEMPLATES = [
  ...[...COLLECTIONS, ...SINGLES, ...PROPERTY_MAPS, ...PROPERTY_LISTS].flatMap(({ paths }) => paths),
  ...[...LOG_CONTENTS, ...RAW_LOGS, ...RAW_INLINE_LOGS, ...FAILURE_DIGESTS],
  ...[
    '',
    'application.spec',
    'status',
    'buildsets/{bsid}/summary',
    'builders/{builder}/estimate',
    'events?path=*',
  ],
];
const TARGETS = [
  ...TEMPLATES.map((template) => `/api/v2/${template.replaceAll(/\{\w+\}/g, '1')}`),
  ...['/api', '/api/openapi.json', '/api/latest/builds', '/metrics', '/avatar', '/', '/auth/tokens'],
  ...['/sse/listen/builds/*/*', '/sse/add/0/builds/*/*', '/nowhere'],
];

let world: OpenApi;
let endWorld: () => Promise<void>;

beforeAll(async () => {
  world = await openApi({ access: { read: 'users' } }, (end) => {
    endWorld = end;
  });
  await world.build({ submitter: 'alice' });
});

afterAll(() => endWorld());

async function statuses(headers: Record<string, string>): Promise<Set<string>> {
  const found = new Set<string>();
  for (const target of TARGETS) {
    const { status } = await world.ask(target, { headers });
    found.add(status === 401 ? '401' : `${status} ${target}`);
  }
  return found;
}

describe('row 1: when reading is for users only, every route but the public ones', () => {
  test('is closed to those without credentials', async () => {
    expect(await statuses({})).toEqual(new Set(['401']));
  });

  test('is closed to a token that was revoked', async () => {
    const { secret, tokenid } = await world.token({ user: 'alice' });
    expect((await world.ask('/api/v2/builds', { headers: bearer(secret) })).status).toBe(200);
    await world.get('/auth/tokens', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'revoke', params: { tokenid } }),
    });
    expect(await statuses(bearer(secret))).toEqual(new Set(['401']));
  });

  test('is closed to cookies that are no session, and to passwords', async () => {
    expect(await statuses({ cookie: 'buildbot_session=bbs_wrong' })).toEqual(new Set(['401']));
    expect(await statuses({ authorization: 'Basic YWxpY2U6eA==' })).toEqual(new Set(['401']));
  });

  test('is open to a token for reading', async () => {
    const { secret } = await world.token({ user: 'eve', scopes: ['read'] });
    const reply = await world.ask('/api/v2/builds', { headers: bearer(secret) });
    expect(reply.status).toBe(200);
  });

  test('says how to come in', async () => {
    const reply = await world.ask('/api/v2/builds');
    expect(reply.headers['www-authenticate']).toBe('Bearer realm="buildbot"');
    expect(JSON.parse(reply.body)).toEqual({ error: 'reading needs a login or a token here' });
  });

  test('leaves the public ones open', async () => {
    expect((await world.ask('/healthz')).status).toBe(200);
    expect((await world.ask('/auth/logout')).status).toBe(302);
  });
});

describe('row 1, CVE-2024-27198 and CVE-2023-42793: a trick with the path opens nothing', () => {
  test.each([
    '/healthz/../api/v2/builds',
    '/healthz/..;/api/v2/builds',
    '/healthz;/../api/v2/builds',
    '/healthz%2f..%2fapi%2fv2%2fbuilds',
    '/auth/login/../../api/v2/builds',
    '//api/v2/builds',
    '/./api/v2/builds',
    '/api/v2/builds;.jsp',
    '/api/v2/builds?jsp=/healthz;.jsp',
    '/api/v2/builds/RPC2',
    '/api/v2/builds%00',
    '/api/v2/builds%2e',
    '/api/v2/%62uilds',
    '/%61pi/v2/builds',
    '/API/V2/BUILDS',
    '/api/v2/builds#/healthz',
    '/api/v2\\builds',
    'http://127.0.0.1/api/v2/builds',
    'http://healthz/healthz/../api/v2/builds',
    '*',
  ])('%s', async (target) => {
    const answer = await sendBytes(
      world.host,
      `GET ${target} HTTP/1.1\r\nHost: ${world.host}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 (400|401|403|404) /);
    expect(answer).not.toContain('"buildid"');
  });
});

describe('a websocket', () => {
  const upgrade = (headers: string) =>
    new Promise<string>((resolve) => {
      const [hostname = '', port] = world.host.split(':');
      const socket = connect(Number(port), hostname);
      socket.once('data', (chunk) => {
        socket.destroy();
        resolve(chunk.toString().split('\r\n', 1)[0] ?? '');
      });
      const fixed = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n';
      socket.write(
        `GET /ws HTTP/1.1\r\nHost: ${world.host}\r\n${fixed}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${headers}\r\n`,
      );
    });

  test('is closed to those without credentials, and open to a token', async () => {
    expect(await upgrade('')).toBe('HTTP/1.1 401 Unauthorized');
    const { secret } = await world.token({ user: 'eve', scopes: ['read'] });
    expect(await upgrade(`Authorization: Bearer ${secret}\r\n`)).toBe('HTTP/1.1 101 Switching Protocols');
  });
});

describe('what is for administrators', () => {
  test('tokens: nobody else sees or makes them', async () => {
    const { secret } = await world.token({ user: 'eve' });
    expect((await world.ask('/auth/tokens', { headers: bearer(secret) })).status).toBe(403);
    const wanted = { name: 'x', user: 'root', scopes: ['admin'], expires_in: null };
    expect((await world.call('/auth/tokens', 'add', wanted, bearer(secret))).status).toBe(403);
    expect((await world.call('/auth/tokens', 'add', wanted)).status).toBe(401);
    const admin = bearer((await world.token({ user: 'root', scopes: ['admin'] })).secret);
    expect((await world.ask('/auth/tokens', { headers: admin })).status).toBe(200);
  });

  test('who did what: only they are told of it', async () => {
    await world.call('/api/v2/builds/1', 'stop');
    const read = async (secret: string) => {
      const events = await fetch(`http://${world.host}/api/v2/events?path=*/*/*&path=audit/*/*&from=0`, {
        headers: bearer(secret),
      });
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of events.body ?? []) {
        text += decoder.decode(chunk as Uint8Array);
        if (text.includes('"logs/1/new"') || text.includes('logs/')) break;
      }
      return text;
    };
    const { secret } = await world.token({ user: 'eve', scopes: ['read'] });
    expect(await read(secret)).not.toContain('audit/');
    expect(await read((await world.token({ user: 'root', scopes: ['admin'] })).secret)).toContain(
      '"audit/token/allowed"',
    );
  });
});
