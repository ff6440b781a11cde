/** Words for the remote shell, with real shells as the judges. */

import { execFileSync } from 'node:child_process';
import { UserError } from '@buildbot/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinRemoteWords, quoteRemoteWords } from './remote-words.ts';

test('leaves plain words readable', () => {
  const words = ['buildbot', 'tryserver', '--jobdir', '/var/lib/buildbot/try', '--user', 'alice@example+x'];
  expect(joinRemoteWords(words)).toBe(words.join(' '));
});

test.each(['dash', 'bash'])('every word survives %s', (shell) => {
  const character = fc.oneof(
    fc.constantFrom(...' \t\n\'"\\$`*?[]{}()<>|&;!#~=%^-'),
    fc.string({ unit: 'binary', maxLength: 1 }),
  );
  const word = fc
    .array(character, { maxLength: 8 })
    .map((parts) => parts.join('').replaceAll('\0', '').toWellFormed());
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
      const line = joinRemoteWords(['printf', '%s\\0', ...words]);
      expect(execFileSync(shell, ['-c', line]).toString()).toBe(`${words.join('\0')}\0`);
    }),
    { numRuns: 100 },
  );
});

test.each([[[]], [['']], [['-oProxyCommand=x']]])('%j names no program', (argv) => {
  expect(() => quoteRemoteWords(argv)).toThrow(UserError);
});

test('refuses a NUL, which would cut the argument short', () => {
  expect(() => quoteRemoteWords(['a', 'b\0c'])).toThrow('NUL');
});

test('quotes what would be an assignment in front of a command', () => {
  expect(quoteRemoteWords(['A=b', 'x'])).toEqual(["'A=b'", 'x']);
});
