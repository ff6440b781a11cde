import { expect, test } from 'vitest';
import { masterUrl, masterUrls } from './master-url.ts';

test.each([
  ['ws://host:9989', 'ws://host:9989/worker'],
  ['wss://host/', 'wss://host/worker'],
  ['wss://host/proxied/worker', 'wss://host/proxied/worker'],
  ['ws://[::1]:9989', 'ws://[::1]:9989/worker'],
  ['ws+unix:/run/m.sock', 'ws+unix:/run/m.sock:/worker'],
  ['ws+unix:/run/m.sock:/other', 'ws+unix:/run/m.sock:/other'],
])('%s is connected to as %s', (text, url) => {
  expect(masterUrl(text)).toBe(url);
});

test.each(['host:9989', 'http://host', 'ws://user:pw@host', 'ws://host?x=1', '', 'ws://'])(
  '%j is refused',
  (text) => {
    expect(() => masterUrl(text)).toThrow("is not a master's address");
  },
);

test('several are separated by commas', () => {
  expect(masterUrls('ws://a:1, ws://b:2,')).toEqual(['ws://a:1/worker', 'ws://b:2/worker']);
});
