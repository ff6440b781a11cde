/** Splitting `--ssh COMMAND`, with a real POSIX shell as the judge. */

import { execFileSync } from 'node:child_process';
import { UserError } from '@buildbot/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitCommand } from './command-words.ts';

test.each([
  ['ssh', ['ssh']],
  ['  ssh   -v\t-F  file\n', ['ssh', '-v', '-F', 'file']],
  [`ssh -F '/my file'`, ['ssh', '-F', '/my file']],
  ['ssh "-F/my file"', ['ssh', '-F/my file']],
  [`a'b'"c"\\ d`, ['abc d']],
  [`''`, ['']],
  [`ssh ""`, ['ssh', '']],
  [`'a\\b'`, ['a\\b']],
  ['"a\\"b\\\\c\\d"', ['a"b\\c\\d']],
  ['a\\\nb', ['ab']],
  ['$HOME `id` *', ['$HOME', '`id`', '*']],
])('%j is the words %j', (text, words) => {
  expect(splitCommand(text)).toEqual(words);
});

test.each(["ssh 'x", 'ssh "x', 'ssh \\', '"\\"'])('%j is not finished', (text) => {
  expect(() => splitCommand(text)).toThrow(/unfinished quote at character \d+/);
});

test.each(['', ' \n'])('%j is no command', (text) => {
  expect(() => splitCommand(text)).toThrow(UserError);
});

test('splits as a shell does', () => {
  const piece = fc.constantFrom('a', ' ', "'", '"', '\\', 'é', '\t', '-', '=');
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
      (text) => {
        expect(outcome(() => splitCommand(text))).toEqual(outcome(() => splitByShell(text)));
      },
    ),
    { numRuns: 150 },
  );
});

function splitByShell(text: string): string[] {
  // `x` in front, or a text without words would still print one NUL. A shell takes a last backslash literally.
  if (/(^|[^\\])(\\\\)*\\$/.test(text)) throw new Error('unfinished');
  const output = execFileSync('dash', ['-c', `printf '%s\\0' x ${text}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const words = output.toString().split('\0').slice(1, -1);
  if (words.length === 0) throw new Error('empty');
  return words;
}

/** The words, or null for any refusal. */
function outcome(split: () => string[]): string[] | null {
  try {
    return split();
  } catch {
    return null;
  }
}
