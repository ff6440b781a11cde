/**
 * Which types of host key are asked for, and in which order. Types already known come first, as in OpenSSH: a host
 * known by its ed25519 key must not look unknown because it showed its ecdsa key.
 */

import { UserError } from '@buildbot/shared';
import type { ServerHostKeyAlgorithm } from 'ssh2';

// Types of ssh2 by our preference. SHA-1 signatures (`ssh-rsa`) only count if the user's configuration names them.
const SUPPORTED: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
];
const LEGACY: readonly ServerHostKeyAlgorithm[] = ['ssh-rsa'];

/**
 * @param configured names in the user's order of preference, undefined for ours
 * @param knownTypes types of the keys that `known_hosts` holds for the host
 * @throws UserError if the configuration allows only what ssh2 cannot do
 */
export function hostKeyAlgorithms(
  configured: readonly string[] | undefined,
  knownTypes: readonly string[],
): ServerHostKeyAlgorithm[] {
  const allowed = configured
    ? configured.flatMap((name) => [...SUPPORTED, ...LEGACY].filter((algorithm) => algorithm === name))
    : [...SUPPORTED];
  if (allowed.length === 0) {
    throw new UserError(
      'Your SSH configuration allows only host key algorithms that are not supported here',
      {
        hint: `Supported are ${SUPPORTED.join(', ')}. Or use your own ssh program: --ssh ssh.`,
      },
    );
  }
  const isKnown = (algorithm: string) => knownTypes.includes(keyTypeFor(algorithm));
  return [...allowed.filter(isKnown), ...allowed.filter((algorithm) => !isKnown(algorithm))];
}

/** RSA keys are one type with several signature algorithms (RFC 8332). */
function keyTypeFor(algorithm: string): string {
  return algorithm.startsWith('rsa-sha2-') ? 'ssh-rsa' : algorithm;
}
