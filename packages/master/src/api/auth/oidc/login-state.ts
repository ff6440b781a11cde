/**
 * What a login with a provider must remember between leaving and coming back: in a cookie of the browser that began it,
 * sealed with a key that this process alone knows. So nobody can make the master remember without end, nobody else's
 * answer is taken, and a master that was restarted in between says: once more.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import type { Random } from '../secret.ts';

/** To log in with the provider, one may take so long. */
export const LOGIN_MS = 10 * 60_000;

const stateSchema = z.object({
  state: z.string(),
  nonce: z.string(),
  /** Of PKCE (RFC 7636): only who has it can use the code. */
  verifier: z.string(),
  /** Where in the pages the login began. */
  redirect: z.string(),
  expiresAt: z.number(),
});
export type LoginState = z.infer<typeof stateSchema>;

const text = (random: Random) => Buffer.from(random(32)).toString('base64url');

export function newLoginState(random: Random, redirect: string, now: number): LoginState {
  return {
    state: text(random),
    nonce: text(random),
    verifier: text(random),
    redirect,
    expiresAt: now + LOGIN_MS,
  };
}

function sealOf(key: Uint8Array, body: string): Buffer {
  return createHmac('sha256', key).update(body).digest();
}

export function seal(key: Uint8Array, state: LoginState): string {
  const body = Buffer.from(JSON.stringify(state)).toString('base64url');
  return `${body}.${sealOf(key, body).toString('base64url')}`;
}

/** The state, when this process sealed it and it is not too old. */
export function unseal(key: Uint8Array, sealed: string | undefined, now: number): LoginState | null {
  const [body = '', given = ''] = (sealed ?? '').split('.', 2);
  const [wanted, actual] = [sealOf(key, body), Buffer.from(given, 'base64url')];
  if (wanted.length !== actual.length || !timingSafeEqual(wanted, actual)) return null;
  const state = stateSchema.parse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
  return state.expiresAt > now ? state : null;
}

/** Whether two texts are the same, in a time that does not tell how far they are. */
export function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
