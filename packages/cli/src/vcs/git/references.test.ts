import { describe, expect, test } from 'vitest';
import {
  branchesCalled,
  parseReferences,
  parseUrls,
  type References,
  upstreamOf,
  withoutPassword,
} from './references.ts';

const URLS = parseUrls(
  'remote.origin.url\nhttps://x/y\0remote.origin.url\nhttps://second\0remote.a/fork.url\n/fork.git\0',
);

function references(current: string | null, ...lines: readonly (readonly string[])[]): References {
  const listing = lines.map(
    ([name = '', upstream = '', target = '']) => `${name}\0id-of-${name}\0${upstream}\0${target}\n`,
  );
  return { head: 'head', current, ...parseReferences(listing.join(''), URLS) };
}

const TYPICAL = references(
  'refs/heads/stacked',
  ['refs/heads/main', 'refs/remotes/origin/main'],
  ['refs/heads/stacked', 'refs/heads/main'],
  ['refs/heads/loose'],
  ['refs/heads/round', 'refs/heads/trip'],
  ['refs/heads/trip', 'refs/heads/round'],
  ['refs/heads/orphaned', 'refs/remotes/origin/gone'],
  ['refs/remotes/origin/HEAD', '', 'refs/remotes/origin/main'],
  ['refs/remotes/origin/main'],
  ['refs/remotes/a/fork/main'],
  ['refs/remotes/a/fork/x/y'],
  ['refs/remotes/removed/main'],
);

describe('references', () => {
  test('belong to the remote whose name fits, and to none that is not configured', () => {
    expect([...TYPICAL.remote.values()].map(({ remote, branch }) => [remote, branch])).toEqual([
      ['origin', 'main'],
      ['a/fork', 'main'],
      ['a/fork', 'x/y'],
    ]);
    expect(TYPICAL.mainBranches).toEqual(new Map([['origin', 'refs/remotes/origin/main']]));
  });

  test('take the first URL of a remote, which is the one fetched from', () => {
    expect(URLS).toEqual(
      new Map([
        ['origin', 'https://x/y'],
        ['a/fork', '/fork.git'],
      ]),
    );
  });
});

describe('the upstream of a branch', () => {
  test.each([
    ['main', 'origin'],
    ['stacked', 'origin'],
    ['loose', undefined],
    ['round', undefined],
    ['orphaned', undefined],
  ])('of %s is on %s', (branch, remote) => {
    expect(upstreamOf(TYPICAL, `refs/heads/${branch}`)?.remote).toBe(remote);
  });

  test('is nothing for a detached HEAD', () => {
    expect(upstreamOf(TYPICAL, null)).toBeNull();
  });
});

describe('a branch that the user names', () => {
  test.each([
    ['origin/main', ['origin/main']],
    ['refs/remotes/a/fork/x/y', ['a/fork/x/y']],
    ['x/y', ['a/fork/x/y']],
    ['main', ['origin/main']],
    ['stacked', ['origin/main']],
    ['loose', []],
    ['a/b@{c', []],
    ['--all', []],
  ])('%s means %j', (name, expected) => {
    expect(branchesCalled(TYPICAL, name).map(({ remote, branch }) => `${remote}/${branch}`)).toEqual(
      expected,
    );
  });

  test('means each remote’s when none is preferred', () => {
    const detached = { ...TYPICAL, current: null };
    expect(branchesCalled(detached, 'main').map(({ remote }) => remote)).toEqual(['origin', 'a/fork']);
  });
});

test.each([
  ['https://user:secret@host/x.git', 'https://host/x.git'],
  ['https://token@host/x.git', 'https://host/x.git'],
  ['ssh://git:secret@host:22/x', 'ssh://git@host:22/x'],
  ['ssh://git@host/x', 'ssh://git@host/x'],
  ['git@host:x.git', 'git@host:x.git'],
  ['/srv/a@b.git', '/srv/a@b.git'],
  ['https://host/x@y', 'https://host/x@y'],
])('the URL %s is shown as %s', (url, shown) => {
  expect(withoutPassword(url)).toBe(shown);
});
