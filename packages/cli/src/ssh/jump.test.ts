/** ProxyJump lists as ssh_config(5) describes them. */

import { UserError } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { parseJumps } from './jump.ts';

const hop = (host: string, user?: string, port?: number) => ({ host, user, port });

test.each([
  ['gate', [hop('gate')]],
  ['me@gate:2222', [hop('gate', 'me', 2222)]],
  ['a,b@c, d:7', [hop('a'), hop('c', 'b'), hop('d', undefined, 7)]],
  ['ssh://me@gate:22', [hop('gate', 'me', 22)]],
  ['me@[2001:db8::1]:22', [hop('2001:db8::1', 'me', 22)]],
  ['me@example.org@gate', [hop('gate', 'me@example.org')]],
])('%s leads over %j', (list, hops) => {
  expect(parseJumps(list)).toEqual(hops);
});

test.each([
  '',
  'a,,b',
  'a:port',
  'a:0',
  'a:65536',
  '2001:db8::1',
  '-oX',
  '@gate',
  'a b',
  '-x@gate',
  '[gate',
  '$(id)@gate',
])('%j is refused', (list) => {
  expect(() => parseJumps(list)).toThrow(UserError);
});
