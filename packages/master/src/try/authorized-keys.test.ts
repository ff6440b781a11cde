import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAuthorizedKeys, splitWords } from './authorized-keys.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0 alice@laptop';

test('reads the one line that a developer needs', () => {
  const text = `# people\n\nrestrict,command="buildbot tryserver --jobdir /var/lib/try --user alice" ${KEY}\n`;
  const { keys, problems } = parseAuthorizedKeys(text);
  expect(problems).toEqual([]);
  expect(keys).toHaveLength(1);
  expect(keys[0]).toMatchObject({
    type: 'ssh-ed25519',
    command: ['buildbot', 'tryserver', '--jobdir', '/var/lib/try', '--user', 'alice'],
  });
});

test('keeps spaces, commas and quotes inside a command', () => {
  const { keys } = parseAuthorizedKeys(`command="buildbot tryserver --jobdir \\"/srv/a, b\\"",no-pty ${KEY}`);
  expect(keys[0]?.command).toEqual(['buildbot', 'tryserver', '--jobdir', '/srv/a, b']);
});

test.each([
  [KEY, 'so it would allow nothing'],
  [`command="x",environment="LD_PRELOAD=y" ${KEY}`, 'the option environment is not supported'],
  [`command="it's" ${KEY}`, 'quotes'],
  ['command="x" nonsense', 'no public key'],
])('says why %j lets nobody in', (line, reason) => {
  const { keys, problems } = parseAuthorizedKeys(`\n${line}`);
  expect(keys).toEqual([]);
  expect(problems).toEqual([{ line: 2, reason: expect.stringContaining(reason) }]);
});

test('never throws, whatever the file holds', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseAuthorizedKeys(text)));
});

test('splits words without expanding anything', () => {
  expect(splitWords(`a 'b $c' "d \\"e\\"" f\\ g $(h)`)).toEqual(['a', 'b $c', 'd "e"', 'f g', '$(h)']);
  expect(splitWords('"open')).toBeNull();
  expect(splitWords("x ''")).toEqual(['x', '']);
});

test('gives back any words that were quoted', () => {
  const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      expect(splitWords(words.map(quote).join(' '))).toEqual(words);
    }),
  );
});
