/**
 * What every request and every websocket meets first: is it for this master, does it come from a page that may ask, and
 * who asks? Runs before any routing, on the head alone. A bearer token is looked at wherever it comes from; what a browser
 * or a proxy adds by itself (cookies, the proxy's header) counts only when the page that asks is this master's own.
 */
import { isIP } from 'node:net';
import type { AccessConfig, WwwConfig } from '@buildbot/shared';
import type { Caller } from '../../ports/caller.ts';
import { mayRead } from '../control/permissions.ts';
import { ApiError, badRequest } from '../http/api-error.ts';
import { hostName, isLoopbackName, isOriginAllowed } from '../http/origin.ts';
import { pageParts } from '../pages/page-path.ts';
import { clientAddress, isIn, plainAddress } from './addresses.ts';
import type { Audit } from './audit.ts';
import { cookieName, cookieOf } from './cookies.ts';
import type { Credentials } from './credentials.ts';

/** The configuration in force now, as far as it says who comes in. */
export interface EntranceSettings {
  access: AccessConfig;
  www: WwwConfig;
  /** Addresses of reverse proxies. */
  proxies: readonly string[];
}

export interface EntranceDeps {
  settings(): EntranceSettings;
  credentials: Credentials;
  audit: Audit;
}

/** The head of a request or an upgrade. */
export interface Knock {
  method: string;
  /** As it came, with its query. */
  url: string;
  header(name: string): string | undefined;
  /** What the door knows. */
  caller: Caller;
  isUpgrade: boolean;
}

export const SESSION_COOKIE = 'buildbot_session';

/** Everybody may ask for these: to see whether it lives, and to log in. All else is for who may read. */
const PUBLIC_PATHS: ReadonlySet<string> = new Set(['/healthz', '/config', '/auth/login', '/auth/logout']);
/** Names under which credentials come in addresses, where logs and histories keep them. */
const SECRET_PARAMETERS = ['access_token', 'token', 'bearer', 'api_key', 'apikey', 'password'];

export class Entrance {
  readonly #deps: EntranceDeps;
  /** Aborted when those who proved nothing may read no more. */
  #unproven = new AbortController();

  constructor(deps: EntranceDeps) {
    this.#deps = deps;
  }

  /** Who it is that asks. Throws `ApiError` when they are not to be answered. */
  admit(knock: Knock): Caller {
    this.#checkHost(knock);
    this.#checkOrigin(knock);
    refuseSecrets(knock.url);
    const caller = knock.caller.door === 'tcp' ? this.#identify(knock) : knock.caller;
    const path = knock.url.split('?', 1)[0] ?? '';
    const isPublic = !knock.isUpgrade && (PUBLIC_PATHS.has(path) || this.#isPage(knock.method, path));
    if (!isPublic && !mayRead(caller, this.#deps.settings().access))
      throw unauthorized('reading needs a login or a token here');
    return caller;
  }

  /** Aborted when the caller may go on no more: streams that are open then are broken off. */
  endOf({ door, proof }: Caller): AbortSignal | undefined {
    return door === 'tcp' && proof === undefined ? this.#unproven.signal : proof?.ended;
  }

  /** The settings may have changed: turns out who would not be let in any more. */
  reconsider(): void {
    if (this.#deps.settings().access.read === 'anyone') return;
    this.#unproven.abort();
    this.#unproven = new AbortController();
  }

  #isPage(method: string, path: string): boolean {
    if (this.#deps.settings().www.ui === undefined) return false;
    return (method === 'GET' || method === 'HEAD') && pageParts(path) !== null;
  }

  /** Scheme, host and port of this master as the asker sees it. The host has been checked by then. */
  originOf({ header, caller }: Pick<Knock, 'header' | 'caller'>): string {
    const host = (header('host') ?? 'localhost').toLowerCase();
    const { url } = this.#deps.settings().www;
    if (url !== undefined && new URL(url).host === host) return new URL(url).origin;
    return `${caller.peer?.isSecure ? 'https' : 'http'}://${host}`;
  }

  /** Where the pages and the API are, with a slash at its end. */
  baseOf(knock: Pick<Knock, 'header' | 'caller'>): string {
    return this.#deps.settings().www.url ?? `${this.originOf(knock)}/`;
  }

  /** The address that is answerable, with that of a proxy looked through. */
  addressOf({ header, caller }: Pick<Knock, 'header' | 'caller'>): string | null {
    if (caller.peer === undefined) return null;
    const peer = plainAddress(caller.peer.address);
    return clientAddress(peer, header('x-forwarded-for'), this.#deps.settings().proxies);
  }

  /** After DNS rebinding a foreign page asks under its own name. Addresses and loopback names are nobody's. */
  #checkHost({ header, caller }: Knock): void {
    if (caller.door !== 'tcp') return;
    const authority = header('host') ?? '';
    const name = hostName(authority);
    const { url } = this.#deps.settings().www;
    const isOwn =
      name !== null &&
      (isLoopbackName(name) ||
        isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 ||
        (url !== undefined && new URL(url).host === authority.toLowerCase()));
    if (!isOwn)
      throw new ApiError(403, 'invalid host: this API answers to addresses, and to the name in www.url');
  }

  #checkOrigin(knock: Knock): void {
    const { origins } = this.#deps.settings().www;
    if (!isOriginAllowed(knock.header('origin'), this.originOf(knock), origins))
      throw knock.isUpgrade ? new ApiError(403, 'invalid origin') : badRequest('invalid origin');
  }

  #identify(knock: Knock): Caller {
    const { caller } = knock;
    const [scheme, secret] = (knock.header('authorization') ?? '').split(' ', 2);
    if (scheme?.toLowerCase() === 'bearer') return this.#bearer(knock, secret ?? '');
    if (!this.#isOwnPage(knock)) return caller;
    return this.#session(knock) ?? this.#proxied(knock) ?? caller;
  }

  /** Who guesses at 256 bits need not be slowed down. */
  #bearer(knock: Knock, secret: string): Caller {
    const { credentials, audit } = this.#deps;
    const found = credentials.find('token', secret);
    if (found !== null) return { ...knock.caller, ...found };
    const facts = { user: 'anonymous', door: 'tcp', address: this.addressOf(knock) } as const;
    const action = `${knock.method} ${knock.url.split('?', 1)[0]}`;
    void audit.note({ what: 'token', verdict: 'refused', ...facts, action, reason: 'no valid token' });
    throw unauthorized('this token is unknown, expired or revoked');
  }

  /** Requests that change nothing may come without an origin, as browsers send them for the page itself. */
  #isOwnPage(knock: Knock): boolean {
    const origin = knock.header('origin');
    if (origin !== undefined) return origin.toLowerCase() === this.originOf(knock);
    return !knock.isUpgrade && (knock.method === 'GET' || knock.method === 'HEAD');
  }

  #session(knock: Knock): Caller | null {
    const name = cookieName(SESSION_COOKIE, this.originOf(knock).startsWith('https:'));
    const secret = cookieOf(knock.header('cookie'), name);
    const found = secret === undefined ? null : this.#deps.credentials.find('session', secret);
    return found === null ? null : { ...knock.caller, ...found };
  }

  #proxied({ header, caller }: Knock): Caller | null {
    const { proxyHeader } = this.#deps.settings().www.auth;
    if (proxyHeader === undefined || caller.peer === undefined) return null;
    if (!isIn(proxyHeader.from, plainAddress(caller.peer.address))) return null;
    const read = (name: string | undefined) => (name === undefined ? '' : (header(name.toLowerCase()) ?? ''));
    const user = read(proxyHeader.user);
    if (!isUserName(user)) return null;
    const groups = read(proxyHeader.groups)
      .split(',')
      .map((group) => group.trim())
      .filter((group) => group !== '');
    const person = { email: read(proxyHeader.email) || null, fullName: null, groups };
    return {
      ...caller,
      user,
      proof: { by: 'proxy', person, scopes: ['read', 'control'], credentialId: null },
    };
  }
}

/** One line of visible text, and not the name of those who proved nothing. */
export function isUserName(name: string): boolean {
  return name !== 'anonymous' && name.length <= 200 && /^[^\p{C}\s]([^\p{C}]*[^\p{C}\s])?$/u.test(name);
}

function unauthorized(message: string): ApiError {
  return new ApiError(401, message, { headers: { 'WWW-Authenticate': 'Bearer realm="buildbot"' } });
}

function refuseSecrets(url: string): void {
  const names = new URLSearchParams(url.split('?').slice(1).join('?'));
  const secret = SECRET_PARAMETERS.find((name) => names.has(name));
  if (secret !== undefined)
    throw badRequest(`no credentials in addresses ('${secret}'): use the header Authorization`);
}
