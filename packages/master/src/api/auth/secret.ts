/** Secrets that the master gives out: 256 random bits, kept only as a hash. Salt and slowness are for what people choose. */
import { createHash } from 'node:crypto';

/** Told apart by scanners of repositories and logs. */
const SECRET_PREFIXES = { token: 'bbt_', session: 'bbs_' } as const;

/** Gives so many random bytes. */
export type Random = (bytes: number) => Uint8Array;

export function newSecret(kind: keyof typeof SECRET_PREFIXES, random: Random): string {
  return `${SECRET_PREFIXES[kind]}${Buffer.from(random(32)).toString('base64url')}`;
}

/** Looking one up by this tells nothing by its timing: who knows a hash that is near knows no secret. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
