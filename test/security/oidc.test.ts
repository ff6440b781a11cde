/** Logins with an OpenID Connect provider, honest and not: a real one over HTTP, and a browser's part played by hand. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Lies, type OidcProvider, signedToken, startOidcProvider } from '../support/oidc-provider.ts';
import { type OpenApi, openApi, type Reply } from '../support/open-api.ts';

interface LoginWorld {
  world: OpenApi;
  /** Milliseconds by which the master's clock is ahead. */
  clock: { offset: number };
  provider: OidcProvider;
}

async function loginWorld(change: object = {}): Promise<LoginWorld> {
  const provider = await startOidcProvider();
  const folder = await mkdtemp(join(tmpdir(), 'oidc-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'secret'), `${provider.clientSecret}\n`);
  const { issuer, clientId } = provider;
  const oidc = { issuer, clientId, clientSecretFile: join(folder, 'secret'), ...change };
  const clock = { offset: 0 };
  const now = () => Date.now() + clock.offset;
  return {
    provider,
    clock,
    world: await openApi({ www: { auth: { oidc } }, clock: { now, monotonic: now } }),
  };
}

/** Values of the cookies that an answer sets, by name. */
function cookiesOf({ headers }: Reply): Map<string, string> {
  return new Map(
    (headers['set-cookie'] ?? []).map((line) => {
      const [pair = ''] = line.split(';', 1);
      return [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    }),
  );
}

/** Begin a login: where the browser is sent, and the cookie it leaves with. */
async function begin(
  { world }: LoginWorld,
  redirect = '/builders',
): Promise<{ url: string; cookie: string }> {
  const reply = await world.ask(`/auth/login?redirect=${redirect}`);
  expect(reply.status).toBe(302);
  return {
    url: reply.headers.location ?? '',
    cookie: `buildbot_login=${cookiesOf(reply).get('buildbot_login')}`,
  };
}

/** Come back from the provider. */
function comeBack({ world }: LoginWorld, address: string, cookie: string): Promise<Reply> {
  const { pathname, search } = new URL(address);
  return world.ask(`${pathname}${search}`, { headers: { cookie } });
}

async function login(login: LoginWorld): Promise<Reply> {
  const { url, cookie } = await begin(login);
  return await comeBack(login, login.provider.visit(url), cookie);
}

describe('a login with a provider', () => {
  test('ends with a session, and goes on in the pages where it began', async () => {
    const made = await loginWorld();
    const reply = await login(made);
    expect([reply.status, reply.headers.location]).toEqual([302, `http://${made.world.host}/#/builders`]);
    const session = cookiesOf(reply).get('buildbot_session');
    const config = await made.world.ask('/config', { headers: { cookie: `buildbot_session=${session}` } });
    expect(JSON.parse(config.body).user).toMatchObject({
      anonymous: false,
      username: 'alice',
      email: 'alice@example.org',
    });
  });

  test('asks with state, nonce and PKCE, for a code only', async () => {
    const { url } = await begin(await loginWorld());
    const asked = new URL(url).searchParams;
    expect([asked.get('response_type'), asked.get('code_challenge_method')]).toEqual(['code', 'S256']);
    for (const name of ['state', 'nonce', 'code_challenge']) expect(asked.get(name)?.length).toBe(43);
    expect(asked.get('scope')?.split(' ')).toContain('openid');
  });

  test('takes keys that the provider has changed since, and asks for unknown ones once a minute at most', async () => {
    const made = await loginWorld();
    const keysAsked = () => made.provider.asked.filter((path) => path === '/keys').length;
    expect((await login(made)).status).toBe(302);
    made.provider.rotate();
    expect([(await login(made)).status, keysAsked()]).toEqual([403, 1]);
    made.clock.offset = 61_000;
    expect([(await login(made)).status, keysAsked()]).toEqual([302, 2]);
  });

  test('is refused when the provider knows nobody, without a word of what was asked', async () => {
    const made = await loginWorld();
    const { url, cookie } = await begin(made);
    const state = new URL(url).searchParams.get('state');
    const reply = await made.world.ask(`/auth/login?error=access_denied&state=${state}`, {
      headers: { cookie },
    });
    expect([reply.status, reply.body]).toEqual([403, expect.not.stringContaining('access_denied')]);
  });
});

describe('an answer that was not asked for', () => {
  test('is refused: wrong state', async () => {
    const made = await loginWorld();
    const { url, cookie } = await begin(made);
    const back = new URL(made.provider.visit(url));
    back.searchParams.set('state', 'A'.repeat(43));
    expect((await comeBack(made, back.href, cookie)).status).toBe(400);
  });

  test('is refused: a login that another browser began (login CSRF)', async () => {
    const made = await loginWorld();
    const [attacker, victim] = [await begin(made), await begin(made)];
    const back = made.provider.visit(attacker.url);
    expect((await comeBack(made, back, victim.cookie)).status).toBe(400);
    expect((await comeBack(made, back, '')).status).toBe(400);
  });

  test('is refused: a cookie that the master did not seal', async () => {
    const made = await loginWorld();
    const { url, cookie } = await begin(made);
    const back = made.provider.visit(url);
    const [body = '', seal = ''] = cookie.split('=')[1]?.split('.') ?? [];
    const changed = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(body, 'base64url').toString()), redirect: '/evil' }),
    ).toString('base64url');
    expect((await comeBack(made, back, `buildbot_login=${changed}.${seal}`)).status).toBe(400);
    expect((await comeBack(made, back, `buildbot_login=${body}.`)).status).toBe(400);
  });

  test('is refused: a code a second time', async () => {
    const made = await loginWorld();
    const { url, cookie } = await begin(made);
    const back = made.provider.visit(url);
    expect((await comeBack(made, back, cookie)).status).toBe(302);
    expect((await comeBack(made, back, cookie)).status).toBe(503);
  });
});

const now = () => Math.floor(Date.now() / 1000);
const LIES: [what: string, lies: (provider: OidcProvider) => Lies, reason: string][] = [
  ['another nonce', () => ({ claims: { nonce: 'B'.repeat(43) } }), 'another login'],
  ['another audience (CVE-2019-12300)', () => ({ claims: { aud: 'another-app' } }), 'another client'],
  [
    'several audiences and another party',
    () => ({ claims: { aud: ['buildbot', 'x'], azp: 'x' } }),
    'another client',
  ],
  ['another issuer', () => ({ claims: { iss: 'https://evil.example' } }), 'another issuer'],
  ['a time that is over', () => ({ claims: { exp: now() - 120 } }), 'expired'],
  ['no end', () => ({ claims: { exp: undefined } }), 'expired'],
  ['a time to come', () => ({ claims: { iat: now() + 3600 } }), 'future'],
  ['a beginning to come', () => ({ claims: { nbf: now() + 3600 } }), 'not valid yet'],
  ['alg none', () => ({ token: (token) => unsigned(token) }), 'proves nothing'],
  ['alg NONE in other letters', () => ({ header: { alg: 'nOnE' } }), 'proves nothing'],
  ['the public key as a shared secret (key confusion)', () => ({ token: confused }), 'proves nothing'],
  ['the name of a property of Object as alg', () => ({ header: { alg: 'constructor' } }), 'proves nothing'],
  ['an alg that does not fit the key', () => ({ header: { alg: 'ES256' } }), '0 keys'],
  ['a changed body', () => ({ token: (token) => forged(token) }), 'signature is wrong'],
  ['an unknown key', () => ({ header: { kid: 'unknown' } }), '0 keys'],
  ['a critical extension', () => ({ header: { crit: ['x'] } }), 'not known'],
  ['no three parts', () => ({ token: () => 'abc' }), 'not a signed token'],
  ['no JSON', () => ({ token: () => 'YQ.YQ.YQ' }), 'not a JSON object'],
  ['no name of a user', () => ({ claims: { preferred_username: undefined } }), 'no name of a user'],
  ['a name with a line break', () => ({ claims: { preferred_username: 'a\r\nb' } }), 'no name of a user'],
];

const claimsIn = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

function unsigned(token: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'none', kid: 'first' })).toString('base64url');
  return `${header}.${token.split('.')[1]}.AA`;
}

function confused(token: string, { publicKey }: OidcProvider): string {
  const secret = publicKey.export({ format: 'pem', type: 'spki' }).toString();
  return signedToken({ alg: 'HS256', kid: 'first' }, claimsIn(token), secret);
}

function forged(token: string): string {
  const [header, , signature] = token.split('.');
  const body = Buffer.from(JSON.stringify({ ...claimsIn(token), preferred_username: 'root' })).toString(
    'base64url',
  );
  return `${header}.${body}.${signature}`;
}

describe('an ID token is not believed with', () => {
  test.each(LIES)('%s', async (_, lies, reason) => {
    const made = await loginWorld();
    made.provider.lies = lies(made.provider);
    const reply = await login(made);
    expect([reply.status, cookiesOf(reply).has('buildbot_session')]).toEqual([403, false]);
    expect(made.world.logLines.join('\n')).toContain(reason);
    expect(reply.body).not.toContain(reason);
  });
});

describe('a mail address', () => {
  test('that is not verified is nobody’s', async () => {
    const made = await loginWorld({ userClaim: 'email' });
    made.provider.lies = { claims: { email_verified: false } };
    expect((await login(made)).status).toBe(403);
  });
});

describe('row 19: a provider cannot send the master elsewhere', () => {
  test('by a redirect', async () => {
    const made = await loginWorld();
    made.provider.lies = { discovery: { jwks_uri: `${made.provider.issuer}/elsewhere` } };
    expect((await login(made)).status).toBe(503);
    expect(made.provider.asked).not.toContain('/keys');
  });

  test('by saying that it is another', async () => {
    const made = await loginWorld();
    made.provider.lies = { discovery: { issuer: 'https://evil.example' } };
    expect((await made.world.ask('/auth/login')).status).toBe(503);
  });

  test('by an address that is none of HTTP', async () => {
    const made = await loginWorld();
    made.provider.lies = { discovery: { token_endpoint: 'file:///etc/passwd' } };
    expect((await made.world.ask('/auth/login')).status).toBeGreaterThanOrEqual(500);
  });
});
