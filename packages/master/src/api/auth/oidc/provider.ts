/**
 * An OpenID Connect provider as this master sees it: where to send people, and what a code that they bring back says of
 * them. Only the addresses that the configured issuer names are asked, never one that a browser brings.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ExternalError, messageOf, type OidcConfig } from '@buildbot/shared';
import * as z from 'zod';
import type { Person } from '../../../ports/credentials.ts';
import { isUserName } from '../entrance.ts';
import { type Claims, type Jwk, keyIdOf, TokenRefused, verifyIdToken } from './id-token.ts';
import type { LoginState } from './login-state.ts';

const ANSWER_MS = 10_000;
const MAX_ANSWER = 256 * 1024;
/** Unknown key ids do not make it ask for the keys more often than this. */
const KEYS_MS = 60_000;
/** What the provider says of itself is asked for anew after this time. */
const DISCOVERY_MS = 60 * 60_000;

const discoverySchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url({ protocol: /^https?$/ }),
  token_endpoint: z.url({ protocol: /^https?$/ }),
  jwks_uri: z.url({ protocol: /^https?$/ }),
});
type Discovery = z.infer<typeof discoverySchema>;
const keysSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });
const tokensSchema = z.object({ id_token: z.string() });

export interface ProviderDeps {
  config: OidcConfig;
  /** Absolute path of the file with the client secret; `null` for a public client. */
  secretFile: string | null;
  /** Epoch milliseconds. */
  now: () => number;
}

/** Who somebody is, by the provider's word. */
export interface Identity {
  user: string;
  person: Person;
}

export class Provider {
  readonly #deps: ProviderDeps;
  #discovery: { at: number; value: Discovery } | null = null;
  #keys: { at: number; value: readonly Jwk[] } | null = null;

  constructor(deps: ProviderDeps) {
    this.#deps = deps;
  }

  /** Where a browser is sent to log in. */
  async loginUrl({ state, nonce, verifier }: LoginState, redirectUri: string): Promise<string> {
    const { clientId, scopes } = this.#deps.config;
    const url = new URL((await this.#discover()).authorization_endpoint);
    const parameters = {
      ...{ response_type: 'code', client_id: clientId, redirect_uri: redirectUri, state, nonce },
      scope: [...new Set(['openid', ...scopes])].join(' '),
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  }

  /** Who brought this code. Throws `TokenRefused` when that is not certain, `ExternalError` when nobody can be asked. */
  async identify(code: string, { nonce, verifier }: LoginState, redirectUri: string): Promise<Identity> {
    const token = await this.#exchange(code, verifier, redirectUri);
    const keys = await this.#keysFor(keyIdOf(token));
    // As it names itself: with or without the slash that the configuration may have.
    const { issuer } = await this.#discover();
    const { clientId } = this.#deps.config;
    return this.#identityOf(verifyIdToken(token, keys, { issuer, clientId, nonce, now: this.#deps.now() }));
  }

  #identityOf(claims: Claims): Identity {
    const { userClaim, groupsClaim } = this.#deps.config;
    const email = typeof claims.email === 'string' && claims.email_verified !== false ? claims.email : null;
    const user = userClaim === 'email' ? email : claims[userClaim];
    if (typeof user !== 'string' || !isUserName(user))
      throw new TokenRefused(`its claim ${userClaim} is no name of a user`);
    const groups = claims[groupsClaim];
    return {
      user,
      person: {
        email,
        fullName: typeof claims.name === 'string' ? claims.name.slice(0, 200) : null,
        groups: Array.isArray(groups)
          ? groups.filter((group) => typeof group === 'string').slice(0, 1000)
          : [],
      },
    };
  }

  async #discover(): Promise<Discovery> {
    const { config, now } = this.#deps;
    if (this.#discovery !== null && now() - this.#discovery.at < DISCOVERY_MS) return this.#discovery.value;
    const address = `${config.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const value = discoverySchema.parse(await ask(address));
    if (value.issuer.replace(/\/$/, '') !== config.issuer.replace(/\/$/, ''))
      throw new ExternalError('OpenID Connect', `${config.issuer} says that it is another issuer`);
    const isHttps = config.issuer.startsWith('https:');
    for (const url of [value.authorization_endpoint, value.token_endpoint, value.jwks_uri])
      if (isHttps && !url.startsWith('https:'))
        throw new ExternalError('OpenID Connect', `${config.issuer} names an address without TLS`);
    this.#discovery = { at: now(), value };
    return value;
  }

  async #keysFor(kid: string | undefined): Promise<readonly Jwk[]> {
    const { now } = this.#deps;
    const known = this.#keys;
    const isKnown = known?.value.some((key) => key.kid === kid) ?? false;
    const isFresh = known !== null && now() - known.at < (isKnown ? DISCOVERY_MS : KEYS_MS);
    if (known !== null && isFresh) return known.value;
    const { keys } = keysSchema.parse(await ask((await this.#discover()).jwks_uri));
    this.#keys = { at: now(), value: keys as readonly Jwk[] };
    return this.#keys.value;
  }

  async #exchange(code: string, verifier: string, redirectUri: string): Promise<string> {
    const { config, secretFile } = this.#deps;
    const { clientId } = config;
    const body = new URLSearchParams({
      ...{ grant_type: 'authorization_code', code, redirect_uri: redirectUri },
      ...{ client_id: clientId, code_verifier: verifier },
    });
    const headers: Record<string, string> = {};
    if (secretFile !== null) {
      const secret = (await readFile(secretFile, 'utf8')).trim();
      const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`;
      headers.Authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    }
    const answer = await ask((await this.#discover()).token_endpoint, { method: 'POST', body, headers });
    return tokensSchema.parse(answer).id_token;
  }
}

/** JSON from the provider: soon, of sensible size, and not from wherever else it would send us. */
async function ask(url: string, init: RequestInit = {}): Promise<unknown> {
  try {
    const headers = { Accept: 'application/json', ...init.headers };
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(url, { ...init, headers, signal, redirect: 'error' });
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return JSON.parse(await textOf(response));
  } catch (cause) {
    const { host } = new URL(url);
    throw new ExternalError('OpenID Connect', `${host} gives no answer: ${messageOf(cause)}`, { cause });
  }
}

async function textOf(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.byteLength;
    if (size > MAX_ANSWER) throw new Error('its answer is too long');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
