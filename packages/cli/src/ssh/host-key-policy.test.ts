/** What StrictHostKeyChecking means for a key that no file knows. */

import { expect, test } from 'vitest';
import { decideUnknown } from './host-key-policy.ts';
import type { KnownHostsEntry } from './known-hosts.ts';

const entry: KnownHostsEntry = {
  at: { file: 'known_hosts', line: 1 },
  marker: undefined,
  hosts: 'h',
  keyType: 'ssh-rsa',
  key: Buffer.alloc(0),
};
const fresh = { kind: 'unknown', otherTypes: [], authorities: [] } as const;
const knownByAnotherType = { kind: 'unknown', otherTypes: [entry], authorities: [] } as const;

test.each([
  ['yes', fresh, 'refuse'],
  ['ask', fresh, 'ask'],
  ['accept-new', fresh, 'accept'],
  ['no', fresh, 'accept-and-warn'],
  ['yes', knownByAnotherType, 'refuse'],
  ['ask', knownByAnotherType, 'ask'],
  ['accept-new', knownByAnotherType, 'ask'],
  ['no', knownByAnotherType, 'ask'],
] as const)('%s and %j: %s', (checking, verdict, decision) => {
  expect(decideUnknown(verdict, checking)).toBe(decision);
});
