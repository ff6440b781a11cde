/**
 * A small OpenID Connect provider on a port of its own, which says what a test tells it to: real HTTP, real keys, and
 * lies of every kind. It checks PKCE, the client's secret and the redirect address as a real one does.
 */
import { createHash, createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

interface Grant {
  redirectUri: string;
  challenge: string;
  nonce: string;
}

/** What the next tokens are like; each key replaces what an honest provider would say. */
export interface Lies {
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  /** Changes the finished token. */
  token?: (token: string, provider: OidcProvider) => string;
  /** Changes what it says of itself. */
  discovery?: Record<string, unknown>;
}

export interface OidcProvider {
  issuer: string;
  clientId: string;
  clientSecret: string;
  lies: Lies;
  /** Paths that were asked, in order. */
  asked: string[];
  publicKey: KeyObject;
  /** Sign with another key from now on, under another id. */
  rotate(): void;
  /** What a browser does that is sent to `url`: the address that it is sent back to. */
  visit(url: string): string;
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token as a provider would sign it, with a key of the test's own. */
export function signedToken(header: object, claims: object, key: KeyObject | string): string {
  const signed = `${part(header)}.${part(claims)}`;
  const signature =
    typeof key === 'string'
      ? createHmac('sha256', key).update(signed).digest()
      : sign('sha256', Buffer.from(signed), key);
  return `${signed}.${signature.toString('base64url')}`;
}

/** The first keys of every provider: making them takes most of a second on a busy machine. */
const FIRST_KEYS = generateKeyPairSync('rsa', { modulusLength: 2048 });

export async function startOidcProvider(): Promise<OidcProvider> {
  const grants = new Map<string, Grant>();
  let keys = FIRST_KEYS;
  let kid = 'first';
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function idToken(nonce: string): string {
    const now = Math.floor(Date.now() / 1000);
    const person = { sub: '17', preferred_username: 'alice', email: 'alice@example.org', groups: ['dev'] };
    const claims = { iss: issuer, aud: provider.clientId, exp: now + 300, iat: now, nonce, ...person };
    const { header, claims: lies, token } = provider.lies;
    const made = signedToken({ alg: 'RS256', kid, ...header }, { ...claims, ...lies }, keys.privateKey);
    return token?.(made, provider) ?? made;
  }

  function exchange(form: URLSearchParams, authorization: string | undefined): object | null {
    const grant = grants.get(form.get('code') ?? '');
    grants.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const pair = Buffer.from(authorization?.split(' ')[1] ?? '', 'base64').toString();
    const [clientId, secret] = pair.split(':').map(decodeURIComponent);
    const isRight =
      grant !== undefined &&
      challenge === grant.challenge &&
      form.get('redirect_uri') === grant.redirectUri &&
      clientId === provider.clientId &&
      secret === provider.clientSecret;
    return isRight ? { access_token: 'x', token_type: 'Bearer', id_token: idToken(grant.nonce) } : null;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    provider.asked.push(path);
    const say = (status: number, value: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (path === '/.well-known/openid-configuration') {
      const endpoints = {
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
      };
      say(200, { issuer, ...endpoints, ...provider.lies.discovery });
    } else if (path === '/keys') {
      say(200, { keys: [{ ...keys.publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }] });
    } else if (path === '/token') {
      const tokens = exchange(new URLSearchParams(await text(request)), request.headers.authorization);
      say(tokens === null ? 400 : 200, tokens ?? { error: 'invalid_grant' });
    } else if (path === '/elsewhere') {
      response.writeHead(302, { location: `${issuer}/keys` }).end();
    } else say(404, {});
  }

  const provider: OidcProvider = {
    ...{ issuer, clientId: 'buildbot', clientSecret: 'its secret', lies: {}, asked: [] },
    get publicKey() {
      return keys.publicKey;
    },
    rotate() {
      keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
      kid = randomUUID();
    },
    visit(url) {
      const { searchParams: asked } = new URL(url);
      const code = randomUUID();
      const redirectUri = asked.get('redirect_uri') ?? '';
      const [challenge, nonce] = [asked.get('code_challenge') ?? '', asked.get('nonce') ?? ''];
      grants.set(code, { redirectUri, challenge, nonce });
      const back = new URL(redirectUri);
      back.searchParams.set('code', code);
      back.searchParams.set('state', asked.get('state') ?? '');
      return back.href;
    },
  };
  return provider;
}
