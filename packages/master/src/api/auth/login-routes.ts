/** `/auth/login` and `/auth/logout`, as Buildbot's web UI links to them: answered with a cookie and a way back into the pages. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AppEnv } from '../deps.ts';
import { GUARDS } from '../http/answer.ts';
import { ApiError, badRequest } from '../http/api-error.ts';
import { cookieName, cookieOf, setCookie } from './cookies.ts';
import { type Entrance, type EntranceSettings, SESSION_COOKIE } from './entrance.ts';
import { knockOf } from './heads.ts';
import { basicChallenge, type Logins, type Visitor } from './logins.ts';
import { LOGIN_MS } from './oidc/login-state.ts';

const LOGIN_COOKIE = 'buildbot_login';

export interface LoginRoutesDeps {
  settings(): EntranceSettings;
  entrance: Entrance;
  logins: Logins;
}

/** A place in the pages, which is all that may be redirected to. Never another page, or a line of the answer's head. */
export function placeOf(redirect: string | undefined): string {
  const place = redirect || '/';
  if (place.length > 2000 || !/^\/[\x21-\x7e]*$/.test(place) || place.startsWith('//'))
    throw badRequest('redirect: expected a place in these pages, for example /builders');
  return place;
}

/** User and password of an `Authorization: Basic` header; `null` without one. */
function basicOf(header: string | undefined): { user: string; password: string } | null {
  const [scheme, encoded] = (header ?? '').split(' ', 2);
  if (scheme?.toLowerCase() !== 'basic' || encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const cut = text.indexOf(':');
  return cut < 0 ? null : { user: text.slice(0, cut), password: text.slice(cut + 1) };
}

/** What the requests for logins have in common. */
class Desk {
  readonly #deps: LoginRoutesDeps;
  readonly #c: Context<AppEnv>;
  readonly #origin: string;

  constructor(deps: LoginRoutesDeps, c: Context<AppEnv>) {
    this.#deps = deps;
    this.#c = c;
    this.#origin = deps.entrance.originOf(knockOf(c));
  }

  get visitor(): Visitor {
    const knock = knockOf(this.#c);
    return { caller: knock.caller, address: this.#deps.entrance.addressOf(knock) ?? '' };
  }

  /** Where the pages are; with a slash at its end. */
  get base(): string {
    return this.#deps.entrance.baseOf(knockOf(this.#c));
  }

  cookie(name: string): string | undefined {
    return cookieOf(this.#c.req.header('cookie'), cookieName(name, this.#isSecure));
  }

  /** To `url`, with cookies set or, when their value is empty, removed. */
  redirect(url: string, cookies: { name: string; value: string; maxAgeMs: number }[]): Response {
    const headers = new Headers({ ...GUARDS, 'Cache-Control': 'no-store', Location: url });
    for (const { name, value, maxAgeMs } of cookies)
      headers.append('Set-Cookie', setCookie(name, value, { isSecure: this.#isSecure, maxAgeMs }));
    return new Response(null, { status: 302, headers });
  }

  /** Into the pages, with this session. */
  enter(secret: string, place: string): Response {
    const maxAgeMs = this.#deps.settings().www.auth.session;
    return this.redirect(`${this.base}#${place}`, [
      { name: SESSION_COOKIE, value: secret, maxAgeMs },
      { name: LOGIN_COOKIE, value: '', maxAgeMs: 0 },
    ]);
  }

  get #isSecure(): boolean {
    return this.#origin.startsWith('https:');
  }
}

async function login(deps: LoginRoutesDeps, c: Context<AppEnv>): Promise<Response> {
  const desk = new Desk(deps, c);
  const { htpasswd, oidc } = deps.settings().www.auth;
  const redirectUri = `${desk.base}auth/login`;
  if (oidc !== undefined && c.req.query('state') !== undefined) {
    const back = {
      code: c.req.query('code'),
      state: c.req.query('state'),
      sealed: desk.cookie(LOGIN_COOKIE),
    };
    const { secret, redirect } = await deps.logins.comeBack(desk.visitor, back, redirectUri);
    return desk.enter(secret, redirect);
  }
  const place = placeOf(c.req.query('redirect'));
  const basic = basicOf(c.req.header('authorization'));
  if (htpasswd !== undefined && (basic !== null || oidc === undefined)) {
    if (basic === null) throw basicChallenge('a user and a password are needed');
    return desk.enter(await deps.logins.byPassword(desk.visitor, basic.user, basic.password), place);
  }
  if (oidc === undefined) throw new ApiError(404, 'no logins are configured: see www.auth in master.yaml');
  const { url, sealed } = await deps.logins.leave(place, redirectUri);
  return desk.redirect(url, [{ name: LOGIN_COOKIE, value: sealed, maxAgeMs: LOGIN_MS }]);
}

async function logout(deps: LoginRoutesDeps, c: Context<AppEnv>): Promise<Response> {
  const desk = new Desk(deps, c);
  const place = placeOf(c.req.query('redirect'));
  await deps.logins.end(desk.visitor);
  return desk.redirect(`${desk.base}#${place}`, [{ name: SESSION_COOKIE, value: '', maxAgeMs: 0 }]);
}

export function loginRoutes(app: OpenAPIHono<AppEnv>, deps: LoginRoutesDeps): void {
  app.get('/auth/login', (c) => login(deps, c));
  app.get('/auth/logout', (c) => logout(deps, c));
}
