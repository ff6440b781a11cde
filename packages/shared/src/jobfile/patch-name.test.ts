import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isUnprefixedPair, nameOfPair, stripName, unquoteName } from './patch-name.ts';

describe('unquoteName', () => {
  it.each([
    ['"a" rest', 'a', ' rest'],
    [String.raw`"\303\244.txt"`, '\xc3\xa4.txt', ''],
    [String.raw`"a\tb\nc\"d\\e\001"`, 'a\tb\nc"d\\e\x01', ''],
  ])('reads %s', (text, name, rest) => {
    expect(unquoteName(text)).toEqual({ name, rest });
  });

  it.each(['a', '"a', String.raw`"\q"`, String.raw`"a\"`, ''])('gives nothing for %s', (text) => {
    expect(unquoteName(text)).toBeUndefined();
  });
});

describe('stripName', () => {
  it.each([
    ['a/b/c', 0, 'a/b/c'],
    ['a/b/c', 1, 'b/c'],
    ['a/b/c', 2, 'c'],
    ['a/b/c', 3, undefined],
    ['x', 1, undefined],
  ])('of %s by %i', (name, level, rest) => {
    expect(stripName(name, level)).toBe(rest);
  });
});

describe('nameOfPair', () => {
  it.each([
    ['a/x b/x', 1, 'x'],
    ['i/dir/x w/dir/x', 1, 'dir/x'],
    ['a/x y b/x y', 1, 'x y'],
    ['a/b b/b b/b b/b', 1, 'b b/b'],
    ['x x', 0, 'x'],
    ['long/x s/x', 1, 'x'],
    [String.raw`"a/\303\244" "b/\303\244"`, 1, '\xc3\xa4'],
    [String.raw`"a/q\"" b/q"`, 1, 'q"'],
    ['a/x "b/x"', 1, 'x'],
    ['a/x b/y', 1, undefined],
    ['x x', 1, undefined],
    ['a/x', 1, undefined],
    ['', 1, undefined],
    ['a/x b/x', 0, undefined],
  ])('of %s at level %i', (pair, level, name) => {
    expect(nameOfPair(pair, level)).toBe(name);
  });

  it('finds any name that git writes without quotes', () => {
    const name = fc.stringMatching(/^[a-c /]{1,20}$/);
    fc.assert(fc.property(name, (text) => nameOfPair(`a/${text} b/${text}`, 1) === text));
  });

  it('takes linear time for a line of nothing but spaces and slashes', () => {
    expect(nameOfPair(`a/${' '.repeat(19_000)}${'/'.repeat(19_000)}`, 1)).toBeUndefined();
  });
});

it('isUnprefixedPair tells a diff without prefixes', () => {
  expect(['dir/x dir/x', 'a/x b/x', 'a/a b/a b/a b/a'].map(isUnprefixedPair)).toEqual([true, false, false]);
});
