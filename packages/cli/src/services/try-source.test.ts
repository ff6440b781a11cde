import { expect, it } from 'vitest';
import { refuseChoiceOfDiff } from './try-source.ts';

const nothing = { diff: '-', staged: false, pathspecs: [] };

it.each([
  [{ staged: true }, undefined, '--staged'],
  [{}, false, '--no-untracked'],
  [{}, true, '--untracked'],
  [{ pathspecs: ['src'] }, undefined, "the path 'src'"],
] as const)('a diff is not combined with %o and untracked %s', (change, untracked, named) => {
  expect(() => refuseChoiceOfDiff({ ...nothing, ...change }, untracked)).toThrow(
    `${named} cannot go with --diff: a diff is sent as it is`,
  );
});

it('a diff alone is taken, and a working copy with any of them', () => {
  expect(() => refuseChoiceOfDiff(nothing, undefined)).not.toThrow();
  const all = { diff: undefined, staged: true, pathspecs: ['src'] };
  expect(() => refuseChoiceOfDiff(all, false)).not.toThrow();
});
