import fc from 'fast-check';
import { expect, test } from 'vitest';
import Tryserver from '../commands/tryserver.ts';
import { readArguments } from './arguments.ts';

const administrator = ['--jobdir', '/srv/try', '--user', 'alice'];

test('takes directory and user from the forced command, never from the client', () => {
  expect(readArguments(administrator, 'buildbot tryserver --jobdir /elsewhere --attach')).toEqual({
    ok: true,
    jobdir: '/srv/try',
    user: 'alice',
    attach: true,
  });
});

test('refuses a client that names another user than its key', () => {
  const answer = readArguments(administrator, 'buildbot tryserver --jobdir /srv/try --user bob');
  expect(answer).toEqual({ ok: false, reason: 'this key may not submit in the name of bob' });
});

test.each(['sh -c id', 'rm -rf /', 'buildbot watch', 'scp -t /', ''])(
  'refuses the original command %j',
  (command) => {
    expect(readArguments(administrator, command)).toMatchObject({ ok: false });
  },
);

test.each([
  ['/opt/bin/buildbot tryserver --jobdir=/x --attach'],
  ['node /opt/buildbot.js tryserver --jobdir /x --attach'],
  ["buildbot tryserver --jobdir '/x' --attach"],
])('understands %s', (command) => {
  expect(readArguments(administrator, command)).toMatchObject({ ok: true, attach: true });
});

test('works without a forced command', () => {
  expect(readArguments(['--jobdir', '/srv/try'], undefined)).toEqual({
    ok: true,
    jobdir: '/srv/try',
    user: null,
    attach: false,
  });
  expect(readArguments([], undefined)).toEqual({ ok: false, reason: 'expected --jobdir DIR' });
  expect(readArguments(['--jobdir', ''], undefined)).toEqual({ ok: false, reason: '--jobdir needs a value' });
});

test('no original command changes who the job is from, or where it goes', () => {
  fc.assert(
    fc.property(fc.string(), (command) => {
      const answer = readArguments(administrator, command);
      if (answer.ok) expect([answer.jobdir, answer.user]).toEqual(['/srv/try', 'alice']);
    }),
  );
});

test('takes every option that its help names, and no other', () => {
  const words = Object.entries(Tryserver.flags).flatMap(([name, { type }]) =>
    type === 'option' ? [`--${name}`, name] : [`--${name}`],
  );
  expect(readArguments(words, undefined)).toEqual({ ok: true, jobdir: 'jobdir', user: 'user', attach: true });
});
