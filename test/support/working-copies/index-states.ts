/** Conditions of the index, and the ways to choose what is sent. */

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clonedScene, lines, type Scene } from './scene.ts';
import { on, refused, same, type WorkingCopyState } from './state.ts';

const cloned = (edit: (scene: Scene) => void) => on(clonedScene, edit);

/** A staged, an unstaged and an untracked change, in `src/` and outside. */
const mixed = cloned((s) => {
  s.write('src/main.c', 'staged\n');
  s.write('README.md', 'staged\n');
  s.write('added.txt', 'staged\n');
  s.git('add', '-A');
  s.git('rm', '-q', '--cached', 'docs/guide.txt');
  s.write('src/main.c', 'edited\n');
  s.write('src/lib.c', 'edited\n');
  s.write('src/new.c', 'new\n');
  s.write('new.txt', 'new\n');
});

export const indexStates: readonly WorkingCopyState[] = [
  same('staged changes only', mixed, {
    options: { staged: true },
    compare: 'tree',
    holds: {
      'src/main.c': 'staged\n',
      'src/lib.c': lines(30, 'lib'),
      'new.txt': null,
      'docs/guide.txt': null,
    },
    leavesOut: ['unstaged', 'untracked'],
  }),
  same(
    'an intent to add and staged changes only',
    cloned((s) => {
      s.write('planned.txt', 'planned\n');
      s.git('add', '-N', 'planned.txt');
    }),
    { options: { staged: true }, compare: 'tree', holds: { 'planned.txt': null }, leavesOut: ['unstaged'] },
  ),
  same('tracked files only', mixed, {
    options: { untracked: false },
    compare: 'tree',
    holds: { 'src/main.c': 'edited\n', 'new.txt': null, 'src/new.c': null, 'added.txt': 'staged\n' },
    leavesOut: ['untracked'],
  }),
  same('one folder named', mixed, {
    options: { pathspecs: ['src'] },
    compare: 'tree',
    holds: {
      'src/main.c': 'edited\n',
      'src/new.c': 'new\n',
      'README.md': lines(20, 'readme'),
      'added.txt': null,
      'docs/guide.txt': lines(10, 'guide'),
      'new.txt': null,
    },
    leavesOut: ['not-named'],
  }),
  same('one folder named and staged changes only', mixed, {
    options: { pathspecs: ['src'], staged: true },
    compare: 'tree',
    holds: { 'src/main.c': 'staged\n', 'README.md': lines(20, 'readme'), 'src/new.c': null },
  }),
  same('a path named from a folder below', mixed, {
    from: 'work/src',
    options: { pathspecs: ['lib.c', '../new.txt'] },
    compare: 'tree',
    holds: {
      'src/lib.c': 'edited\n',
      'new.txt': 'new\n',
      'src/main.c': lines(41, 'main'),
      'src/new.c': null,
    },
  }),
  same('all but one folder', mixed, {
    options: { pathspecs: ['.', ':!src'] },
    compare: 'tree',
    holds: { 'README.md': 'staged\n', 'new.txt': 'new\n', 'src/main.c': lines(41, 'main') },
  }),
  refused('a path that does not exist', mixed, /'scr' did not match/, {
    options: { pathspecs: ['src', 'scr'] },
  }),
  refused('a path outside', mixed, /outside repository/, { options: { pathspecs: ['../..'] } }),
  same('everything seen from a folder below', mixed, {
    from: 'work/src/deep',
    holds: { 'new.txt': 'new\n' },
  }),
  same(
    'an index that another git has locked',
    cloned((s) => {
      s.write('src/main.c', 'edited\n');
      writeFileSync(join(s.work, '.git/index.lock'), '');
    }),
  ),
  same(
    'no index file',
    cloned((s) => {
      s.write('src/main.c', 'edited\n');
      rmSync(join(s.work, '.git/index'));
    }),
  ),
  same(
    'a split index',
    cloned((s) => {
      s.git('update-index', '--split-index');
      s.write('added.txt', 'staged\n');
      s.git('add', 'added.txt');
      // So many that git would start a new shared index, beside the user's own.
      for (let number = 0; number < 20; number += 1) s.write(`new-${number}.txt`, 'new\n');
    }),
  ),
  same(
    'an index of version 4 with an untracked cache',
    cloned((s) => {
      s.git('update-index', '--index-version', '4');
      s.git('update-index', '--force-untracked-cache');
      s.git('status');
      s.write('src/new.c', 'new\n');
      s.write('src/main.c', 'edited\n');
    }),
  ),
  same(
    'a file system monitor that lies',
    cloned((s) => {
      writeFileSync(join(s.dir, 'monitor'), '#!/bin/sh\nprintf "token\\0"\n', { mode: 0o755 });
      s.git('config', 'core.fsmonitor', join(s.dir, 'monitor'));
      s.git('config', 'core.fsmonitorHookVersion', '2');
      s.git('update-index', '--fsmonitor');
      s.git('status');
      s.git('status');
      s.write('src/main.c', 'edited\n');
    }),
  ),
  same(
    'a sparse checkout with edits inside and a new file outside',
    cloned((s) => {
      s.git('sparse-checkout', 'set', '--cone', 'src');
      s.write('src/main.c', 'edited\n');
      s.write('data/new.txt', 'new\n');
    }),
    {
      compare: 'tree',
      holds: { 'src/main.c': 'edited\n', 'data/new.txt': 'new\n', 'docs/guide.txt': lines(10, 'guide') },
    },
  ),
  same(
    'a sparse index',
    cloned((s) => {
      s.git('sparse-checkout', 'set', '--cone', '--sparse-index', 'src');
      s.write('src/main.c', 'edited\n');
      s.remove('src/lib.c');
    }),
    {
      compare: 'tree',
      holds: { 'src/main.c': 'edited\n', 'src/lib.c': null, 'docs/guide.txt': lines(10, 'guide') },
    },
  ),
  same(
    'a file outside the sparse checkout that was put back and edited',
    cloned((s) => {
      s.git('sparse-checkout', 'set', '--cone', 'src');
      s.write('docs/guide.txt', 'edited\n');
    }),
    { compare: 'tree', holds: { 'docs/guide.txt': 'edited\n' } },
  ),
  same(
    'edits that git was told not to see',
    cloned((s) => {
      s.git('update-index', '--assume-unchanged', 'src/main.c', 'README.md');
      s.git('update-index', '--skip-worktree', 'src/lib.c');
      s.write('src/main.c', 'hidden\n');
      s.write('src/lib.c', 'hidden\n');
      s.write('docs/guide.txt', 'edited\n');
    }),
    {
      compare: 'tree',
      holds: { 'src/main.c': lines(41, 'main'), 'src/lib.c': lines(30, 'lib'), 'docs/guide.txt': 'edited\n' },
      leavesOut: ['hidden'],
    },
  ),
];
