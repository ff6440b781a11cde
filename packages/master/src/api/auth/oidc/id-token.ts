/**
 * An ID token is believed when it was signed by a key of the provider, in a way that fits that key, for this client, for
 * this login, and now. Everything else is refused with a reason for the log. (OpenID Connect Core 1.0, section 3.1.3.7.)
 */
import {
  constants,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
  verify as verifySignature,
} from 'node:crypto';

/** Clocks of two machines differ. Milliseconds. */
const LEEWAY_MS = 60_000;
const MAX_TOKEN = 16 * 1024;

/** Signed with a private key only: a secret that both know, or no signature at all, proves nothing here. */
const ALGORITHMS: Readonly<Record<string, { kty: string; crv?: string; hash: string | null }>> = {
  RS256: { kty: 'RSA', hash: 'sha256' },
  RS384: { kty: 'RSA', hash: 'sha384' },
  RS512: { kty: 'RSA', hash: 'sha512' },
  PS256: { kty: 'RSA', hash: 'sha256' },
  ES256: { kty: 'EC', crv: 'P-256', hash: 'sha256' },
  ES384: { kty: 'EC', crv: 'P-384', hash: 'sha384' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', hash: null },
};

export type Jwk = JsonWebKey & { kid?: string; use?: string; alg?: string };

/** What must be true of a token. */
export interface Expected {
  issuer: string;
  clientId: string;
  nonce: string;
  /** Epoch milliseconds. */
  now: number;
}

export type Claims = Readonly<Record<string, unknown>>;

/** The provider's word is not believed; the message is for the log, not for the browser. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
}

function objectOf(part: string, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    if (value !== null && typeof value === 'object' && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Refused below, with the words for a text that is no object.
  }
  throw new TokenRefused(`the ${what} is not a JSON object`);
}

function partsOf(token: string) {
  const [head, body, signature, ...rest] = token.split('.');
  if (token.length > MAX_TOKEN || !head || !body || !signature || rest.length > 0)
    throw new TokenRefused('it is not a signed token');
  return { header: objectOf(head, 'header'), body, signature, signed: `${head}.${body}` };
}

/** Which key it says it was signed with; to fetch the keys anew when it is not among those known. */
export function keyIdOf(token: string): string | undefined {
  const { kid } = partsOf(token).header;
  return typeof kid === 'string' ? kid : undefined;
}

function keyFor(keys: readonly Jwk[], alg: string, kid: unknown): KeyObject {
  const { kty, crv } = ALGORITHMS[alg] as { kty: string; crv?: string };
  const fitting = keys.filter(
    (key) =>
      key.kty === kty &&
      (crv === undefined || key.crv === crv) &&
      (key.alg === undefined || key.alg === alg) &&
      (key.use === undefined || key.use === 'sig') &&
      (kid === undefined || key.kid === kid),
  );
  if (fitting.length !== 1) throw new TokenRefused(`${fitting.length} keys of the provider fit ${alg}`);
  return createPublicKey({ key: fitting[0] as JsonWebKey, format: 'jwk' });
}

function isSigned(alg: string, key: KeyObject, signed: string, signature: string): boolean {
  const options = {
    key,
    ...(alg.startsWith('ES') ? { dsaEncoding: 'ieee-p1363' as const } : {}),
    ...(alg.startsWith('PS')
      ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: Number(alg.slice(2)) / 8 }
      : {}),
  };
  const hash = ALGORITHMS[alg]?.hash ?? null;
  return verifySignature(hash, Buffer.from(signed), options, Buffer.from(signature, 'base64url'));
}

function checkClaims(claims: Claims, { issuer, clientId, nonce, now }: Expected): void {
  const { iss, aud, azp, exp, nbf, iat } = claims;
  if (iss !== issuer) throw new TokenRefused('it is from another issuer');
  const audience = Array.isArray(aud) ? aud : [aud];
  if (!audience.includes(clientId)) throw new TokenRefused('it is for another client');
  if ((audience.length > 1 || azp !== undefined) && azp !== clientId)
    throw new TokenRefused('it was given to another client');
  if (typeof exp !== 'number' || exp * 1000 + LEEWAY_MS <= now) throw new TokenRefused('it has expired');
  if (typeof iat !== 'number' || iat * 1000 - LEEWAY_MS > now)
    throw new TokenRefused('it is from the future');
  if (nbf !== undefined && (typeof nbf !== 'number' || nbf * 1000 - LEEWAY_MS > now))
    throw new TokenRefused('it is not valid yet');
  if (claims.nonce !== nonce) throw new TokenRefused('it is for another login');
}

/** Its claims, when all is as it must be. Throws `TokenRefused`. */
export function verifyIdToken(token: string, keys: readonly Jwk[], expected: Expected): Claims {
  const { header, body, signature, signed } = partsOf(token);
  const { alg, kid, crit } = header;
  if (typeof alg !== 'string' || !Object.hasOwn(ALGORITHMS, alg))
    throw new TokenRefused(`it is signed with ${JSON.stringify(alg)?.slice(0, 20)}, which proves nothing`);
  if (crit !== undefined) throw new TokenRefused('it wants what is not known here');
  if (!isSigned(alg, keyFor(keys, alg, kid), signed, signature))
    throw new TokenRefused('its signature is wrong');
  const claims = objectOf(body, 'body');
  checkClaims(claims, expected);
  return claims;
}
