/** What went wrong, where, what next. */

import { ExternalError } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { readHostConfig } from './config.ts';
import { explainConnectError, placeOf } from './connect-errors.ts';
import { NotLetInError } from './errors.ts';

const local = { homeDir: '/home/me', userName: 'me', hostName: 'laptop', env: {} };
const host = readHostConfig('hostname build.example\nport 2222', 'build', local);

test.each([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ECONNRESET',
])('%s names the host and a next step', (code) => {
  const error = explainConnectError(host, Object.assign(new Error(code), { code }));
  expect(error).toBeInstanceOf(ExternalError);
  expect(error.message).toMatch(/^ssh build\.example:2222: /);
  expect(error).toHaveProperty('hint', expect.stringMatching(/\w/));
});

test("shows a server's own words without its control characters", () => {
  const error = explainConnectError(host, new Error('\x1b]52;c;AAAA\x07evil\r\n\u009b2J'));
  expect(error.message).toBe('ssh build.example:2222: ]52;c;AAAA evil 2J');
});

test('suggests the own ssh program when algorithms do not fit', () => {
  const cause = Object.assign(new Error('no matching key exchange algorithm'), { level: 'handshake' });
  expect(explainConnectError(host, cause)).toHaveProperty('hint', expect.stringContaining('--ssh ssh'));
});

test('knows a server that has seen too many keys', () => {
  expect(explainConnectError(host, new Error('Too many authentication failures'))).toBeInstanceOf(
    NotLetInError,
  );
});

test.each([
  [{ hostname: 'h', port: 22 }, 'h'],
  [{ hostname: 'h', port: 23 }, 'h:23'],
  [{ hostname: '::1', port: 23 }, '[::1]:23'],
])('calls %j %s', (where, place) => {
  expect(placeOf(where)).toBe(place);
});
