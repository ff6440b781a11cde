/**
 * How people log in: a password of the configured file, or an OpenID Connect provider. Either way a new session begins,
 * and an older one of the same browser ends, so that nobody logs somebody else into a session that they know.
 */
import { type OidcConfig, UserError } from '@buildbot/shared';
import type { Caller } from '../../ports/caller.ts';
import type { AuditEntry, Person } from '../../ports/credentials.ts';
import type { Clock, Logger } from '../../ports/service.ts';
import { ApiError, badRequest } from '../http/api-error.ts';
import { networkOf } from './addresses.ts';
import type { Audit } from './audit.ts';
import type { Credentials } from './credentials.ts';
import type { Delays } from './delays.ts';
import { type EntranceSettings, isUserName } from './entrance.ts';
import { TokenRefused } from './oidc/id-token.ts';
import { isSame, type LoginState, newLoginState, seal, unseal } from './oidc/login-state.ts';
import { type Identity, Provider } from './oidc/provider.ts';
import { Htpasswd } from './passwords/htpasswd.ts';
import type { Random } from './secret.ts';

export interface LoginsDeps {
  settings(): EntranceSettings;
  credentials: Credentials;
  delays: Delays;
  audit: Audit;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/** A browser that logs in. */
export interface Visitor {
  caller: Caller;
  address: string;
}

/** What the provider sent a browser back with. */
export interface Return {
  code: string | undefined;
  state: string | undefined;
  /** Value of the cookie that it left with. */
  sealed: string | undefined;
}

/** Made anew when its settings have changed. */
class Remembered<T> {
  #key = '';
  #value: T | null = null;

  get(settings: unknown, make: () => T): T {
    const key = JSON.stringify(settings);
    if (this.#value === null || key !== this.#key) this.#value = make();
    this.#key = key;
    return this.#value;
  }
}

const UNPROVEN: Person = { email: null, fullName: null, groups: [] };

export class Logins {
  readonly #deps: LoginsDeps;
  readonly #key: Uint8Array;
  readonly #passwords = new Remembered<Htpasswd>();
  readonly #provider = new Remembered<Provider>();

  constructor(deps: LoginsDeps) {
    this.#deps = deps;
    this.#key = deps.random(32);
  }

  /** The new session's secret. Throws `ApiError` for a wrong password, and while nobody is listened to. */
  async byPassword(visitor: Visitor, user: string, password: string): Promise<string> {
    const { delays, settings, logger } = this.#deps;
    const { htpasswd } = settings().www.auth;
    if (htpasswd === undefined) throw badRequest('there are no passwords here');
    const network = networkOf(visitor.address);
    const waitMs = delays.attempt(user, network);
    if (waitMs > 0) {
      await this.#note(visitor, user, 'refused', 'too many failed attempts');
      throw tooMany(waitMs);
    }
    const isRight = await this.#passwords
      .get(htpasswd, () => new Htpasswd(htpasswd))
      .check(user, password)
      .catch((error: unknown) => {
        if (!(error instanceof UserError)) throw error;
        logger.error({ hint: error.hint }, `nobody can log in: ${error.message}`);
        throw new ApiError(503, 'logins do not work now: the log of the master says why', { cause: error });
      });
    if (!isRight || !isUserName(user)) {
      await this.#note(visitor, user, 'refused', 'wrong user or password');
      throw basicChallenge('wrong user or password');
    }
    delays.succeeded(user, network);
    return await this.#begin(visitor, { user, person: UNPROVEN }, 'password');
  }

  /** Where to send the browser, and the value of the cookie that it must come back with. */
  async leave(redirect: string, redirectUri: string): Promise<{ url: string; sealed: string }> {
    const { random, clock } = this.#deps;
    const state = newLoginState(random, redirect, clock.now());
    const url = await this.#providerNow().loginUrl(state, redirectUri);
    return { url, sealed: seal(this.#key, state) };
  }

  /** The new session's secret, and where in the pages it goes on. */
  async comeBack(
    visitor: Visitor,
    { code, state, sealed }: Return,
    redirectUri: string,
  ): Promise<{ secret: string; redirect: string }> {
    const left = unseal(this.#key, sealed, this.#deps.clock.now());
    if (left === null || state === undefined || !isSame(left.state, state)) {
      await this.#note(visitor, 'anonymous', 'refused', 'a login that was not begun here');
      throw badRequest('this login was begun elsewhere, or too long ago: begin again');
    }
    if (code === undefined) throw new ApiError(403, 'the provider did not let you in');
    const identity = await this.#identify(visitor, code, left, redirectUri);
    return { secret: await this.#begin(visitor, identity, 'OpenID Connect'), redirect: left.redirect };
  }

  async end({ caller, address }: Visitor): Promise<void> {
    const { proof, user } = caller;
    if (proof?.by !== 'session' || proof.credentialId === null) return;
    await this.#deps.credentials.revoke(proof.credentialId, user);
    const facts = { user, door: caller.door, address, action: 'logout', reason: null } as const;
    await this.#deps.audit.note({ what: 'logout', verdict: 'allowed', ...facts });
  }

  #providerNow(): Provider {
    const { settings, clock } = this.#deps;
    const config: OidcConfig | undefined = settings().www.auth.oidc;
    if (config === undefined) throw badRequest('there is no provider here');
    const secretFile = config.clientSecretFile ?? null;
    return this.#provider.get(config, () => new Provider({ config, secretFile, now: () => clock.now() }));
  }

  async #identify(visitor: Visitor, code: string, left: LoginState, redirectUri: string): Promise<Identity> {
    try {
      return await this.#providerNow().identify(code, left, redirectUri);
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error;
      await this.#note(visitor, 'anonymous', 'refused', `ID token: ${error.message}`);
      throw new ApiError(403, 'what the provider says is not believed: the log of the master says why');
    }
  }

  async #begin(visitor: Visitor, { user, person }: Identity, by: string): Promise<string> {
    const { credentials, clock, settings } = this.#deps;
    await this.end(visitor);
    const { secret } = await credentials.add({
      ...{ kind: 'session', name: by, user, person, scopes: ['read', 'control'], createdBy: user },
      expiresAt: clock.now() + settings().www.auth.session,
    });
    await this.#note(visitor, user, 'allowed', null);
    return secret;
  }

  async #note(
    { caller, address }: Visitor,
    user: string,
    verdict: AuditEntry['verdict'],
    reason: string | null,
  ): Promise<void> {
    const facts = { user, door: caller.door, address, action: 'login', reason };
    await this.#deps.audit.note({ what: 'login', verdict, ...facts });
  }
}

function tooMany(waitMs: number): ApiError {
  const seconds = String(Math.ceil(waitMs / 1000));
  return new ApiError(429, `too many failed attempts: wait ${seconds} s`, {
    headers: { 'Retry-After': seconds },
  });
}

/** Makes a browser ask for a password. */
export function basicChallenge(message: string): ApiError {
  return new ApiError(401, message, {
    headers: { 'WWW-Authenticate': 'Basic realm="buildbot", charset="UTF-8"' },
  });
}
