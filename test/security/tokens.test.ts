/** Row 30: bearer tokens. What they let in and for how long, what ends with them, and where they never are. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { bearer, type OpenApi, openApi } from '../support/open-api.ts';

async function revoke(world: OpenApi, tokenid: number): Promise<void> {
  const admin = bearer((await world.token({ user: 'root', scopes: ['admin'] })).secret);
  const reply = await world.call('/auth/tokens', 'revoke', { tokenid }, admin);
  expect(JSON.parse(reply.body).result).toEqual({ revoked: true });
}

/** Reads a stream to its end, whatever that is; `begun` resolves with the first bytes. */
function follow(world: OpenApi, target: string, secret: string) {
  const begun = Promise.withResolvers<void>();
  const ended = (async () => {
    const response = await fetch(`http://${world.host}${target}`, { headers: bearer(secret) });
    try {
      for await (const _ of response.body ?? []) begun.resolve();
      return 'whole';
    } catch {
      return 'broken';
    }
  })();
  return { begun: begun.promise, ended };
}

describe('a token', () => {
  test('is 256 random bits with a prefix that scanners know', async () => {
    const world = await openApi();
    const [one, another] = [await world.token({ user: 'alice' }), await world.token({ user: 'alice' })];
    expect(one.secret).toMatch(/^bbt_[A-Za-z0-9_-]{43}$/);
    expect(one.secret).not.toBe(another.secret);
  });

  test('is refused when it has expired', async () => {
    const time = { offset: 0 };
    const now = () => Date.now() + time.offset;
    const world = await openApi({ clock: { now, monotonic: now } });
    const { secret } = await world.token({ user: 'alice', expiresIn: 3600 });
    expect((await world.ask('/api/v2/builds', { headers: bearer(secret) })).status).toBe(200);
    time.offset = 3_600_000;
    const reply = await world.ask('/api/v2/builds', { headers: bearer(secret) });
    expect([reply.status, reply.headers['www-authenticate']]).toEqual([401, 'Bearer realm="buildbot"']);
  });

  test('is refused as soon as it is revoked, also by a master that starts again', async () => {
    const world = await openApi();
    const { secret, tokenid } = await world.token({ user: 'alice' });
    await revoke(world, tokenid);
    const status = async () => (await world.ask('/api/v2/builds', { headers: bearer(secret) })).status;
    expect(await status()).toBe(401);
    await world.api.stop();
    await world.api.start();
    expect(await status()).toBe(401);
  });

  test('CVE-2019-12300: of another master is none here', async () => {
    const [world, other] = [await openApi(), await openApi()];
    const { secret } = await other.token({ user: 'root', scopes: ['admin'] });
    expect((await world.ask('/api/v2/builds', { headers: bearer(secret) })).status).toBe(401);
  });

  test.each(['', 'bbt_', `bbt_${'A'.repeat(43)}`, 'Ä', `bbt_${'x'.repeat(9000)}`])(
    'is not guessed: %j',
    async (secret) => {
      const world = await openApi();
      await world.token({ user: 'root', scopes: ['admin'] });
      expect((await world.ask('/api/v2/builds', { headers: bearer(encodeURI(secret)) })).status).toBe(401);
    },
  );

  test.each(['access_token', 'token', 'bearer', 'api_key', 'apikey', 'password'])(
    'is refused in an address, where logs would keep it: %s',
    async (name) => {
      const world = await openApi();
      const { secret } = await world.token({ user: 'alice' });
      for (const path of ['/api/v2/builds', '/healthz', '/auth/login', '/api/v2/events'])
        expect((await world.ask(`${path}?path=x&${name}=${secret}`)).status).toBe(400);
    },
  );

  test('is kept as a hash only: not in the database, its events, a log line or a list', async () => {
    const world = await openApi();
    const { secret } = await world.token({ user: 'alice', scopes: ['admin'] });
    await world.ask('/api/v2/builds', { headers: bearer(secret) });
    await world.ask(`/api/v2/builds?filter=${secret}`);
    await world.call('/api/v2/builds/1', 'stop', {}, bearer(secret));
    const list = (await world.ask('/auth/tokens', { headers: bearer(secret) })).body;
    expect(list).toContain('alice');
    const path = join(world.basedir, 'state.sqlite');
    const database = (await readFile(path)).toString('latin1');
    const wal = (await readFile(`${path}-wal`).catch(() => Buffer.alloc(0))).toString('latin1');
    for (const text of [list, database, wal, world.logLines.join('\n')])
      expect(text.includes(secret.slice(4))).toBe(false);
  });

  test('names its user: what it does is done by them', async () => {
    const world = await openApi();
    await world.build({ submitter: 'alice' });
    const { secret } = await world.token({ user: 'alice' });
    await world.call('/api/v2/builds/1', 'stop', { reason: 'mine', owner: 'root' }, bearer(secret));
    expect(world.calls).toEqual([['stopBuild', 1, 'alice', 'mine']]);
  });
});

describe('what a token has begun ends when it is revoked:', () => {
  test.each([
    ['events', '/api/v2/events?path=builds/*/*'],
    ['Buildbot’s events', '/sse/listen/builds/*/*'],
    ['a log that is followed', '/api/v2/logs/1/raw?follow=1'],
  ])('%s', async (_, target) => {
    const world = await openApi();
    const running = await world.build({ submitter: 'alice' });
    await world.output(running, 'begun\n');
    const [kept, lost] = [await world.token({ user: 'bob' }), await world.token({ user: 'alice' })];
    const [others, own] = [follow(world, target, kept.secret), follow(world, target, lost.secret)];
    await Promise.all([others.begun, own.begun]);
    await revoke(world, lost.tokenid);
    expect(await own.ended).toBe('broken');
    await revoke(world, kept.tokenid);
    expect(await others.ended).toBe('broken');
  });

  test('a websocket, with a code that says so', async () => {
    const world = await openApi();
    const { secret, tokenid } = await world.token({ user: 'alice' });
    const socket = new WebSocket(`ws://${world.host}/ws`, { headers: bearer(secret) });
    await new Promise((resolve) => socket.once('open', resolve));
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    await revoke(world, tokenid);
    expect(await closed).toBe(4401);
  });

  test('and when its time is over', async () => {
    const world = await openApi();
    const { secret } = await world.token({ user: 'alice', expiresIn: 1 });
    const own = follow(world, '/api/v2/events?path=builds/*/*', secret);
    await own.begun;
    expect(await own.ended).toBe('broken');
  });
});

describe('who did what', () => {
  test('is an event and a log line, with where it came from, also when it was refused', async () => {
    const world = await openApi();
    await world.build({ submitter: 'alice' });
    const { secret } = await world.token({ user: 'alice' });
    await world.call('/api/v2/builds/1', 'stop', {}, bearer(secret));
    await world.call('/api/v2/workers/w1', 'kill', {}, bearer(secret));
    const events = (await world.store.eventsAfter(0, 1000)).filter(({ paths: [path = ''] }) =>
      path.startsWith('audit/control/'),
    );
    const facts = { user: 'alice', door: 'tcp', address: '127.0.0.1', times: 1 };
    expect(events).toMatchObject([
      { paths: ['audit/control/allowed'], body: { ...facts, action: 'stop /api/v2/builds/1', reason: null } },
      { paths: ['audit/control/refused'], body: { ...facts, action: 'kill /api/v2/workers/w1' } },
    ]);
    expect(world.logLines.filter((line) => line.includes('"audit":"control"'))).toHaveLength(2);
  });

  test('asked for a thousand times is not written a thousand times', async () => {
    const world = await openApi();
    const { newest } = await world.store.eventRange();
    for (let i = 0; i < 100; i++) await world.call('/api/v2/workers/w1', 'kill');
    expect((await world.store.eventRange()).newest).toBe(newest + 1);
  });
});
