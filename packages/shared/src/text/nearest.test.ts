import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from './nearest.ts';

const KEYS = ['connect', 'host', 'port', 'username', 'jobdir', 'builders', 'branch', 'topdir', 'topfile'];

describe('nearest', () => {
  it.each([
    ['conect', 'connect'],
    ['hots', 'host'],
    ['builder', 'builders'],
    ['bulders', 'builders'],
    ['jobDir', 'jobdir'],
    ['usrname', 'username'],
    ['topfil', 'topfile'],
    ['por', 'port'],
    ['host', 'host'],
  ])('takes %s for %s', (word, meant) => {
    expect(nearest(word, KEYS)).toBe(meant);
  });

  it.each(['', 'x', 'identity', 'zzzz', 'a'.repeat(100_000)])('knows nothing like %.20s', (word) => {
    expect(nearest(word, KEYS)).toBeUndefined();
  });

  it('prefers the first of equals', () => {
    expect(nearest('cat', ['bat', 'car'])).toBe('bat');
  });

  it('takes any single edit of a candidate of three letters or more back', () => {
    const edited = fc
      .tuple(
        fc.stringMatching(/^[a-z]{3,20}$/),
        fc.nat(),
        fc.constantFrom('insert', 'delete', 'replace', 'swap'),
      )
      .map(([word, place, kind]) => ({ word, typed: editOnce(word, place, kind) }));
    fc.assert(fc.property(edited, ({ word, typed }) => nearest(typed, ['0123456789', word]) === word));
  });
});

describe('editDistance', () => {
  it('counts a swap of neighbours as one edit', () => {
    expect(editDistance('abcd', 'abdc')).toBe(1);
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });

  it('is a distance: zero for equals only, the same both ways, never more than the longer word', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), (a, b) => {
        const distance = editDistance(a, b);
        const longest = Math.max(a.length, b.length);
        return distance === editDistance(b, a) && distance <= longest && (distance === 0) === (a === b);
      }),
    );
  });
});

function editOnce(word: string, place: number, kind: string): string {
  const at = place % (word.length - 1);
  const [before, after] = [word.slice(0, at), word.slice(at)];
  if (kind === 'insert') return `${before}q${after}`;
  if (kind === 'delete') return before + after.slice(1);
  if (kind === 'replace') return `${before}q${after.slice(1)}`;
  return `${before}${after[1]}${after[0]}${after.slice(2)}`;
}
