/**
 * Tokens and sessions that are valid now, by the hash of their secret. The store has them all; here are those that a
 * request may come with, so that none costs a look at the database. A credential that is revoked or expires ends the
 * streams of whoever came with it.
 */
import { type LongTimer, startTimer, UserError } from '@buildbot/shared';
import type { Proof } from '../../ports/caller.ts';
import type { Credential, CredentialStore, NewCredential } from '../../ports/credentials.ts';
import type { Clock, Logger, Service } from '../../ports/service.ts';
import { hashOf, newSecret, type Random } from './secret.ts';

/** A use is written down at most so often: a write for every request would be too much. */
const TOUCH_MS = 60 * 60_000;

interface Valid {
  credential: Credential;
  hash: string;
  /** Aborted when it is valid no more. */
  end: AbortController;
  expiry: LongTimer | null;
  touchedAt: number;
}

export interface CredentialsDeps {
  store: CredentialStore;
  clock: Clock;
  random: Random;
  logger: Logger;
}

export class Credentials implements Service {
  readonly name = 'credentials';
  readonly #deps: CredentialsDeps;
  readonly #byHash = new Map<string, Valid>();
  readonly #touches = new Set<Promise<void>>();

  constructor(deps: CredentialsDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    for (const { hash, ...credential } of await this.#deps.store.validCredentials()) {
      if (!this.#byHash.has(hash)) this.#take(credential, hash);
    }
  }

  async stop(): Promise<void> {
    for (const { expiry } of this.#byHash.values()) expiry?.cancel();
    this.#byHash.clear();
    await Promise.all(this.#touches);
  }

  /** Make one. Its secret is given here and never again. */
  async add(wanted: Omit<NewCredential, 'hash'>): Promise<{ credential: Credential; secret: string }> {
    const { clock, random, store } = this.#deps;
    if (wanted.expiresAt !== null && wanted.expiresAt <= clock.now())
      throw new UserError('it would have expired before it was made');
    const secret = newSecret(wanted.kind, random);
    const hash = hashOf(secret);
    const credential = await store.addCredential({ ...wanted, hash });
    this.#take(credential, hash);
    return { credential, secret };
  }

  /** Whose secret this is, and how it ends; `null` when it is nobody's, or was. */
  find(kind: Credential['kind'], secret: string): { user: string; proof: Proof } | null {
    const valid = this.#byHash.get(hashOf(secret));
    if (valid === undefined || valid.credential.kind !== kind || this.#isExpired(valid)) return null;
    this.#touch(valid);
    const { user, person, scopes, credentialId } = valid.credential;
    return { user, proof: { by: kind, person, scopes, credentialId, ended: valid.end.signal } };
  }

  list(): Promise<Credential[]> {
    return this.#deps.store.tokens();
  }

  /** `false` when it is none, or none any more. Its streams end before this resolves. */
  async revoke(credentialId: number, by: string): Promise<boolean> {
    const isRevoked = await this.#deps.store.revokeCredential(credentialId, by);
    for (const valid of this.#byHash.values()) {
      if (valid.credential.credentialId === credentialId) this.#end(valid);
    }
    return isRevoked;
  }

  #take(credential: Credential, hash: string): void {
    const { expiresAt, usedAt } = credential;
    const valid: Valid = {
      credential,
      hash,
      end: new AbortController(),
      expiry: null,
      touchedAt: usedAt ?? 0,
    };
    if (expiresAt !== null)
      valid.expiry = startTimer(Math.max(0, expiresAt - this.#deps.clock.now()), () => this.#end(valid));
    this.#byHash.set(hash, valid);
  }

  #end(valid: Valid): void {
    valid.expiry?.cancel();
    this.#byHash.delete(valid.hash);
    valid.end.abort();
  }

  /** The timer waits on a clock that knows nothing of the one on the wall being set. */
  #isExpired({ credential: { expiresAt } }: Valid): boolean {
    return expiresAt !== null && expiresAt <= this.#deps.clock.now();
  }

  #touch(valid: Valid): void {
    const { clock, store, logger } = this.#deps;
    const now = clock.now();
    if (now - valid.touchedAt < TOUCH_MS) return;
    valid.touchedAt = now;
    const touched = store
      .touchCredential(valid.credential.credentialId)
      .catch((error: unknown) => logger.warn({ err: error }, 'the use of a token was not kept'))
      .finally(() => this.#touches.delete(touched));
    this.#touches.add(touched);
  }
}
