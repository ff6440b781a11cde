import { UserError } from '@buildbot/shared';
import { expect, it } from 'vitest';
import { parseApiAddress } from './api-address.ts';

it('reads a socket and URLs', () => {
  expect(parseApiAddress('unix:/run/master.sock')).toEqual({ unix: '/run/master.sock' });
  expect(parseApiAddress('https://ci.example/buildbot/')).toMatchObject({ url: { pathname: '/buildbot/' } });
});

it.each(['', 'unix:', 'ci.example:8010', 'ftp://x', 'file:///etc/passwd', 'javascript:1'])(
  'refuses %j',
  (text) => {
    expect(() => parseApiAddress(text)).toThrow(UserError);
  },
);
