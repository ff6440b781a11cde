import { describe, expect, it } from 'vitest';
import { hostName, isLoopbackName, isOriginAllowed, matchesGlob } from './origin.ts';

describe('hostName', () => {
  it.each([
    ['localhost:8010', 'localhost'],
    ['LOCALHOST', 'localhost'],
    ['127.0.0.1:1', '127.0.0.1'],
    ['[::1]:8010', '[::1]'],
    ['evil.example', 'evil.example'],
  ])('finds the name in %s', (authority, name) => {
    expect(hostName(authority)).toBe(name);
  });

  it.each(['', 'a b', 'user@localhost', 'localhost:99999999', '::1', 'localhost/x'])(
    'refuses %j',
    (authority) => {
      expect(hostName(authority)).toBeNull();
    },
  );
});

it('takes only names that cannot mean another machine for loopback', () => {
  expect(['localhost', '127.0.0.1', '127.1.2.3', '[::1]'].map(isLoopbackName)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  const others = [
    '127.0.0.1.evil.example',
    '0.0.0.0',
    '192.168.1.1',
    'localhost.evil.example',
    '[::]',
    '128.0.0.1',
  ];
  expect(others.map(isLoopbackName)).toEqual(others.map(() => false));
});

describe('matchesGlob', () => {
  it.each([
    ['*', '', true],
    ['http://*.example:*', 'http://ci.example:80', true],
    ['http://*.example', 'http://ci.example.evil', false],
    ['ab', 'ab', true],
    ['ab', 'abc', false],
    ['a*a', 'a', false],
    ['a*b*c', 'a-c-b', false],
    ['a*b*c', 'a-b-c', true],
  ])('%s against %s is %s', (pattern, text, expected) => {
    expect(matchesGlob(pattern, text)).toBe(expected);
  });
});

describe('isOriginAllowed', () => {
  it('needs none', () => expect(isOriginAllowed(undefined, 'http://localhost', [])).toBe(true));
  it('allows the own one', () =>
    expect(isOriginAllowed('http://LOCALHOST:8010', 'http://localhost:8010', [])).toBe(true));
  it('allows those on the list', () =>
    expect(isOriginAllowed('https://ci.x', 'http://h', ['https://*.x'])).toBe(true));
  it.each(['https://evil', 'null', 'http://localhost:1', 'file://'])('refuses %s', (origin) => {
    expect(isOriginAllowed(origin, 'http://localhost:8010', ['https://ci'])).toBe(false);
  });
});
