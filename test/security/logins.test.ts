/** Logins by password, and the sessions of browsers that follow: cookies, pages that ask, guessing, and what is kept. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type OpenApi, openApi, type Reply } from '../support/open-api.ts';

/** Of "correct horse", by `htpasswd -B -C 10`. */
const HASH = '$2y$10$abcdefghijklmnopqrstuOozuv/aF9cWZ/oGiFIS/0s5l23v3dweC';
const RIGHT = { authorization: `Basic ${Buffer.from('alice:correct horse').toString('base64')}` };
const wrong = (user = 'alice', password = 'wrong') => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

interface LoginWorld extends OpenApi {
  /** Milliseconds by which the master's clocks are ahead. */
  time: { offset: number };
}

async function loginWorld(www: object = {}): Promise<LoginWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'logins-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const htpasswd = join(folder, 'users');
  await writeFile(htpasswd, `alice:${HASH}\n`, { mode: 0o600 });
  const time = { offset: 0 };
  const now = () => Date.now() + time.offset;
  const clock = { now, monotonic: now };
  return { ...(await openApi({ www: { ...www, auth: { htpasswd, session: '1h' } }, clock })), time };
}

function sessionOf({ headers }: Reply): string | undefined {
  const line = headers['set-cookie']?.find((cookie) => /^(__Host-)?buildbot_session=/.test(cookie));
  return line?.split(';', 1)[0];
}

async function login(world: OpenApi, headers: Record<string, string> = {}): Promise<string> {
  return sessionOf(await world.ask('/auth/login', { headers: { ...RIGHT, ...headers } })) ?? '';
}

/** Stop a build of Alice's, as a page with this cookie would. */
async function stop(world: OpenApi, cookie: string, headers: Record<string, string> = {}) {
  return (await world.call('/api/v2/builds/1', 'stop', {}, { cookie, ...headers })).status;
}

describe('a password', () => {
  test('lets its owner in, and nobody else', async () => {
    const world = await loginWorld();
    await world.build({ submitter: 'alice' });
    const asked = await world.ask('/auth/login');
    expect([asked.status, asked.headers['www-authenticate']]).toEqual([
      401,
      'Basic realm="buildbot", charset="UTF-8"',
    ]);
    const reply = await world.ask('/auth/login?redirect=/builders/1', { headers: RIGHT });
    expect([reply.status, reply.headers.location]).toEqual([302, `http://${world.host}/#/builders/1`]);
    expect(await stop(world, sessionOf(reply) ?? '', { origin: `http://${world.host}` })).toBe(200);
    const refused = await world.ask('/auth/login', { headers: wrong() });
    expect([refused.status, sessionOf(refused)]).toEqual([401, undefined]);
  });

  test('of the weak kinds lets nobody in, and says why in the log only', async () => {
    const world = await loginWorld();
    const { htpasswd } = (world.settings.www as { auth: { htpasswd: string } }).auth;
    await writeFile(htpasswd, 'alice:$apr1$salt$abcdefgh\n', { mode: 0o600 });
    const reply = await world.ask('/auth/login', { headers: RIGHT });
    expect([reply.status, reply.body]).toEqual([503, expect.not.stringContaining('apr1')]);
    expect(world.logLines.join('\n')).toContain('MD5, which is soon guessed');
  });

  test('guessed again and again is not even looked at, right or wrong, for a growing time', async () => {
    const world = await loginWorld();
    for (let i = 0; i < 5; i++)
      expect((await world.ask('/auth/login', { headers: wrong() })).status).toBe(401);
    const blocked = await world.ask('/auth/login', { headers: RIGHT });
    expect([blocked.status, blocked.headers['retry-after']]).toEqual([429, '1']);
    world.time.offset += 1000;
    expect((await world.ask('/auth/login', { headers: wrong() })).status).toBe(401);
    expect((await world.ask('/auth/login', { headers: RIGHT })).headers['retry-after']).toBe('2');
    world.time.offset += 2000;
    expect((await world.ask('/auth/login', { headers: RIGHT })).status).toBe(302);
  });

  test('is guessed by many addresses that a proxy names as by one each, and for each user', async () => {
    const world = await loginWorld();
    world.settings.proxies = ['127.0.0.1'];
    const from = (address: string, user: string) =>
      world.ask('/auth/login', { headers: { ...wrong(user), 'x-forwarded-for': `6.6.6.6, ${address}` } });
    for (let i = 0; i < 5; i++) expect((await from('192.0.2.1', `user${i}`)).status).toBe(401);
    expect((await from('192.0.2.1', 'user9')).status).toBe(429);
    expect((await from('192.0.2.2', 'user9')).status).toBe(401);
  });
});

describe('the cookie of a session', () => {
  test('is read by no script and sent along by no other site', async () => {
    const world = await loginWorld();
    const reply = await world.ask('/auth/login', { headers: RIGHT });
    expect(reply.headers['set-cookie']?.[0]).toMatch(
      /^buildbot_session=bbs_[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=3600$/,
    );
    expect(reply.headers['cache-control']).toBe('no-store');
  });

  test('is bound to this host and to TLS when people come over HTTPS', async () => {
    const world = await loginWorld({ url: 'https://ci.example/' });
    const reply = await world.ask('/auth/login', { headers: { ...RIGHT, host: 'ci.example' } });
    expect(reply.headers['set-cookie']?.[0]).toMatch(
      /^__Host-buildbot_session=bbs_.*; HttpOnly; .*; Secure; /,
    );
    expect(reply.headers.location).toBe('https://ci.example/#/');
  });

  test('sent twice counts as none', async () => {
    const world = await loginWorld();
    const session = await login(world);
    const read = async (cookie: string) =>
      JSON.parse((await world.ask('/config', { headers: { cookie } })).body).user.anonymous;
    expect([await read(session), await read(`${session}; ${session}`)]).toEqual([false, true]);
  });

  test('is no token, and a token is no cookie', async () => {
    const world = await loginWorld();
    const secret = (await login(world)).split('=')[1];
    const reply = await world.ask('/api/v2/builds', { headers: { authorization: `Bearer ${secret}` } });
    expect(reply.status).toBe(401);
    const token = await world.token({ user: 'alice' });
    const config = await world.ask('/config', { headers: { cookie: `buildbot_session=${token.secret}` } });
    expect(JSON.parse(config.body).user.anonymous).toBe(true);
  });
});

describe('a session', () => {
  test('holds after a restart of the master', async () => {
    const world = await loginWorld();
    const cookie = await login(world);
    await world.api.stop();
    await world.api.start();
    const config = await world.ask('/config', { headers: { cookie } });
    expect(JSON.parse(config.body).user.username).toBe('alice');
  });

  test('ends at its time', async () => {
    const world = await loginWorld({});
    await world.build({ submitter: 'alice' });
    const cookie = await login(world);
    world.time.offset += 60 * 60_000;
    expect(await stop(world, cookie, { origin: `http://${world.host}` })).toBe(403);
  });

  test('ends with a logout, in the browser and here', async () => {
    const world = await loginWorld();
    await world.build({ submitter: 'alice' });
    const cookie = await login(world);
    const reply = await world.ask('/auth/logout?redirect=/x', { headers: { cookie } });
    expect([reply.status, reply.headers.location]).toEqual([302, `http://${world.host}/#/x`]);
    expect(reply.headers['set-cookie']?.[0]).toMatch(/^buildbot_session=; .*Max-Age=0$/);
    expect(await stop(world, cookie, { origin: `http://${world.host}` })).toBe(403);
  });

  test('is never one that somebody else chose (session fixation)', async () => {
    const world = await loginWorld();
    const planted = `buildbot_session=bbs_${'A'.repeat(43)}`;
    const session = await login(world, { cookie: planted });
    expect(session).not.toBe(planted);
    const again = await login(world, { cookie: session });
    expect(again).not.toBe(session);
    const old = await world.ask('/config', { headers: { cookie: session } });
    expect(JSON.parse(old.body).user.anonymous).toBe(true);
  });

  test('is kept as a hash only, and is in no log line', async () => {
    const world = await loginWorld();
    const secret = (await login(world)).split('=')[1] ?? '';
    await world.ask('/auth/login', { headers: wrong('alice', 'a wrong secret') });
    const kept = JSON.stringify([
      await world.store.validCredentials(),
      await world.store.eventsAfter(0, 1000),
    ]);
    for (const text of [kept, world.logLines.join('\n')]) {
      expect(text).toContain('alice');
      for (const hidden of [secret, 'correct horse', 'a wrong secret', RIGHT.authorization.split(' ')[1]])
        expect(text).not.toContain(hidden);
    }
  });
});

describe('a page of another site (CSRF)', () => {
  test.each(['https://evil.example', 'null', 'http://127.0.0.1', 'https://127.0.0.1:1'])(
    'with origin %s changes nothing with the cookie of a visitor',
    async (origin) => {
      const world = await loginWorld();
      await world.build({ submitter: 'alice' });
      const cookie = await login(world);
      expect(await stop(world, cookie, { origin })).toBe(400);
      expect(world.calls).toEqual([]);
    },
  );

  test('without an origin changes nothing either, as a form of an old browser would', async () => {
    const world = await loginWorld();
    await world.build({ submitter: 'alice' });
    const cookie = await login(world);
    expect(await stop(world, cookie)).toBe(403);
    expect(await stop(world, cookie, { origin: `http://${world.host}` })).toBe(200);
  });

  test('cannot send a form: only JSON is taken', async () => {
    const world = await loginWorld();
    await world.build({ submitter: 'alice' });
    const cookie = await login(world);
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      const headers = { 'content-type': type, cookie, origin: `http://${world.host}` };
      expect(await stop(world, cookie, headers)).toBe(400);
    }
    expect(world.calls).toEqual([]);
  });

  test('that may read is not given what a visitor may: no cookies across origins', async () => {
    const world = await loginWorld({ origins: ['https://dash.example'] });
    world.settings.access = { read: 'users' };
    const cookie = await login(world);
    const headers = { cookie, origin: 'https://dash.example' };
    const reply = await world.ask('/api/v2/builds', { headers });
    expect([reply.status, reply.headers['access-control-allow-credentials']]).toEqual([401, undefined]);
  });

  test('row 3, CVE-2024-23898: opens no websocket with the cookie of a visitor', async () => {
    const world = await loginWorld();
    world.settings.access = { read: 'users' };
    const cookie = await login(world);
    const upgrade = (origin: Record<string, string>) =>
      world.ask('/ws', {
        headers: {
          ...{ cookie, connection: 'Upgrade', upgrade: 'websocket' },
          ...{ 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' },
          ...origin,
        },
      });
    expect((await upgrade({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await upgrade({})).status).toBe(401);
  });
});

describe('row 6, CVE-2018-15798 and CVE-2020-5409: nobody is redirected out of the pages', () => {
  test.each([
    'https://evil.example',
    '//evil.example',
    '/\\evil',
    'javascript:alert(1)',
    'builders',
    '/%20x%0a',
  ])('to %s', async (place) => {
    const world = await loginWorld();
    for (const path of ['login', 'logout']) {
      const target = `/auth/${path}?redirect=${encodeURIComponent(place)}`;
      const { status, headers } = await world.ask(target, { headers: RIGHT });
      if (status === 302) expect(headers.location?.startsWith(`http://${world.host}/#/`)).toBe(true);
      else expect(status).toBe(400);
    }
  });

  test('CVE-2019-7313: a line break in it makes no header', async () => {
    const world = await loginWorld();
    const reply = await world.ask('/auth/login?redirect=/%0d%0aSet-Cookie:%20a=b', { headers: RIGHT });
    expect([reply.status, reply.headers['set-cookie']]).toEqual([400, undefined]);
  });

  test('a foreign Host decides nothing about where it leads', async () => {
    const world = await loginWorld();
    const reply = await world.ask('/auth/login', { headers: { ...RIGHT, host: 'evil.example' } });
    expect([reply.status, reply.headers.location]).toEqual([403, undefined]);
  });
});

describe('a name that a reverse proxy sends', () => {
  const proxyHeader = { user: 'X-Remote-User', groups: 'X-Remote-Groups', from: ['127.0.0.1'] };
  const headers = { 'x-remote-user': 'carol', 'x-remote-groups': 'ops, dev' };

  test('is believed from the proxy, with its groups', async () => {
    const world = await openApi({ www: { auth: { proxyHeader } } });
    const config = await world.ask('/config', { headers });
    expect(JSON.parse(config.body).user).toMatchObject({ username: 'carol', groups: ['ops', 'dev'] });
  });

  test('is believed from nobody else, and not at all without the configuration', async () => {
    const elsewhere = { ...proxyHeader, from: ['10.0.0.0/8', '::1'] };
    for (const auth of [{ proxyHeader: elsewhere }, {}]) {
      const world = await openApi({ www: { auth } });
      const config = await world.ask('/config', { headers });
      expect(JSON.parse(config.body).user).toEqual({ anonymous: true });
    }
  });

  test('changes nothing for a page of another site', async () => {
    const world = await openApi({ www: { auth: { proxyHeader } } });
    await world.build({ submitter: 'carol' });
    expect((await world.call('/api/v2/builds/1', 'stop', {}, headers)).status).toBe(403);
    const own = { ...headers, origin: `http://${world.host}` };
    expect((await world.call('/api/v2/builds/1', 'stop', {}, own)).status).toBe(200);
  });

  test('is no name with control characters, and not that of nobody', async () => {
    const world = await openApi({ www: { auth: { proxyHeader } } });
    for (const user of ['anonymous', ' ', 'a\tb']) {
      const config = await world.ask('/config', { headers: { 'x-remote-user': user } });
      expect(JSON.parse(config.body).user).toEqual({ anonymous: true });
    }
  });
});
