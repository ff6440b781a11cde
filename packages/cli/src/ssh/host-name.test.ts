/** Hostile names end before any program or socket sees them. */

import { UserError } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { checkHost, checkPort, checkUser } from './host-name.ts';

test.each(['build', 'build.example.org', '10.0.0.1', '2001:db8::1', 'my_host-1'])('%s is a host', (host) => {
  expect(checkHost(host)).toBe(host);
});

test.each([
  '',
  '-oProxyCommand=touch x',
  '-v',
  'user@host',
  'a b',
  'a\tb',
  'host\n',
  'a;b',
  '$(id)',
  '`id`',
  'a|b',
  "a'b",
  'a"b',
  'a/b',
  'a\\b',
  '[::1]',
  'höst',
  'a%25b',
  'a\0b',
  '\u202ehost',
])('%j is no host', (host) => {
  expect(() => checkHost(host)).toThrow(UserError);
});

test.each(['alice', 'alice.b', 'CORP\\alice', 'alice@example.org', 'a+b_c-d'])('%s is a user', (user) => {
  expect(checkUser(user)).toBe(user);
});

test.each(['', '-l', 'a b', '$(id)', 'a;b', "a'b", 'a\nb', '`id`', '\x1b[2J'])('%j is no user', (user) => {
  expect(() => checkUser(user)).toThrow(UserError);
});

test.each([0, -1, 65_536, 1.5, Number.NaN])('%d is no port', (port) => {
  expect(() => checkPort(port)).toThrow(UserError);
});

test('shows a hostile name escaped', () => {
  expect(() => checkHost('\x1b[2J')).toThrow('"\\u001b[2J"');
});
