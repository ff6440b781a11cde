/** The order in which types of host keys are asked for. */

import { UserError } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { hostKeyAlgorithms } from './algorithms.ts';

test('prefers ed25519 and asks for no SHA-1 signature by itself', () => {
  const algorithms = hostKeyAlgorithms(undefined, []);
  expect(algorithms[0]).toBe('ssh-ed25519');
  expect(algorithms).not.toContain('ssh-rsa');
});

test('asks first for the types that are known, for RSA by its better signatures', () => {
  expect(hostKeyAlgorithms(undefined, ['ssh-rsa']).slice(0, 3)).toEqual([
    'rsa-sha2-512',
    'rsa-sha2-256',
    'ssh-ed25519',
  ]);
});

test('asks for no more than the configuration allows, in its order', () => {
  const configured = ['ssh-ed25519-cert-v01@openssh.com', 'rsa-sha2-256', 'ssh-ed25519', 'ssh-rsa'];
  expect(hostKeyAlgorithms(configured, [])).toEqual(['rsa-sha2-256', 'ssh-ed25519', 'ssh-rsa']);
  expect(hostKeyAlgorithms(configured, ['ssh-ed25519', 'ecdsa-sha2-nistp256'])[0]).toBe('ssh-ed25519');
});

test('says so when nothing is left', () => {
  expect(() => hostKeyAlgorithms(['sk-ssh-ed25519@openssh.com'], [])).toThrow(UserError);
});
