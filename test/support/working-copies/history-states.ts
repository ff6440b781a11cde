/** Branches, remotes and histories: where the base comes from. */

import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { bareScene, clone, clonedScene, lines, makeRemote, type Scene } from './scene.ts';
import { on, refused, same, type WorkingCopyState } from './state.ts';

const cloned = (edit: (scene: Scene) => void) => on(clonedScene, edit);

/** An edit that no commit holds, on top of whatever the state is about. */
function dirty(scene: Scene): void {
  scene.write('src/lib.c', 'edited\n');
  scene.write('new.txt', 'new\n');
}

/** Two commits that were not pushed, then an edit. */
function ahead(scene: Scene): void {
  scene.write('src/main.c', 'local 1\n');
  scene.commit('local 1');
  scene.write('local.txt', 'local 2\n');
  scene.commit('local 2');
  dirty(scene);
}

/** Someone else pushes to `main`; the working copy has fetched it. */
function othersPush(scene: Scene): void {
  scene.git('push', '-q', 'origin', 'HEAD:refs/heads/others');
  scene.git('switch', '-q', '-c', 'others', 'origin/main');
  scene.write('others.txt', 'by others\n');
  scene.commit('by others');
  scene.git('push', '-q', 'origin', 'others:main');
  scene.git('switch', '-q', 'main');
  scene.git('fetch', '-q');
}

/** A scene whose clone is shallow; only a `file://` URL makes git care about `--depth`. */
function shallow(dir: string): Scene {
  const scene = bareScene(dir);
  makeRemote(scene);
  scene.gitIn(dir, 'clone', '-q', '--template=', '--depth=1', `file://${scene.remote}`, 'work');
  return scene;
}

export const historyStates: readonly WorkingCopyState[] = [
  same('commits that were not pushed', cloned(ahead), { holds: { 'local.txt': 'local 2\n' } }),
  same(
    'a branch that follows none',
    cloned((s) => {
      s.git('switch', '-q', '--no-track', '-c', 'feature');
      ahead(s);
    }),
  ),
  same(
    'a branch that follows a local branch',
    cloned((s) => {
      s.write('base.txt', 'below\n');
      s.commit('below');
      s.git('switch', '-q', '--track', '-c', 'stacked', 'main');
      ahead(s);
    }),
  ),
  same(
    'a branch whose upstream is gone',
    cloned((s) => {
      s.git('switch', '-q', '-c', 'feature');
      s.git('push', '-q', '-u', 'origin', 'feature');
      s.git('push', '-q', 'origin', ':feature');
      ahead(s);
    }),
  ),
  same(
    'a pushed branch of its own',
    cloned((s) => {
      s.git('switch', '-q', '-c', 'feature');
      s.write('feature.txt', 'pushed\n');
      s.commit('pushed');
      s.git('push', '-q', '-u', 'origin', 'feature');
      ahead(s);
    }),
  ),
  same(
    'a detached HEAD on a pushed commit',
    cloned((s) => {
      s.git('checkout', '-q', '--detach', 'origin/main~1');
      dirty(s);
    }),
  ),
  same(
    'a detached HEAD on a commit that was not pushed',
    cloned((s) => {
      s.git('checkout', '-q', '--detach');
      ahead(s);
    }),
  ),
  same(
    'an upstream that has moved on',
    cloned((s) => {
      othersPush(s);
      ahead(s);
    }),
    { holds: { 'others.txt': null } },
  ),
  same(
    'an amended commit that was pushed before',
    cloned((s) => {
      s.write('src/main.c', 'first try\n');
      s.commit('try');
      s.git('push', '-q');
      s.write('src/main.c', 'second try\n');
      s.git('commit', '-q', '-a', '--amend', '-m', 'again');
      dirty(s);
    }),
  ),
  same(
    'local merges of the upstream',
    cloned((s) => {
      s.write('local.txt', 'local\n');
      s.commit('local');
      othersPush(s);
      s.git('merge', '-q', '-m', 'merge', 'origin/main');
      dirty(s);
    }),
    { holds: { 'others.txt': 'by others\n', 'local.txt': 'local\n' } },
  ),
  same(
    'a merge that is resolved but not committed',
    cloned((s) => {
      othersPush(s);
      s.write('others.txt', 'mine\n');
      s.commit('mine');
      tryMerge(s, 'origin/main');
      s.write('others.txt', 'both\n');
      s.git('add', 'others.txt');
    }),
    { holds: { 'others.txt': 'both\n' } },
  ),
  refused(
    'a merge with conflicts',
    cloned((s) => {
      othersPush(s);
      s.write('others.txt', 'mine\n');
      s.commit('mine');
      tryMerge(s, 'origin/main');
    }),
    /a merge is not finished: others\.txt/,
  ),
  same(
    'conflicts outside of what is named',
    cloned((s) => {
      othersPush(s);
      s.write('others.txt', 'mine\n');
      s.commit('mine');
      tryMerge(s, 'origin/main');
      s.write('src/lib.c', 'edited\n');
    }),
    {
      options: { pathspecs: ['src'] },
      compare: 'tree',
      holds: { 'others.txt': 'mine\n', 'src/lib.c': 'edited\n' },
    },
  ),
  same(
    'a commit that is replaced in this clone',
    cloned((s) => {
      s.git('replace', '--graft', 'HEAD');
      s.write('README.md', 'replaced\n');
      s.git('add', '-A');
      const tree = s.git('write-tree');
      s.git('replace', '-f', 'HEAD', s.git('commit-tree', tree, '-m', 'replacement'));
      dirty(s);
    }),
  ),
  same(
    'a branch called -x',
    cloned((s) => {
      s.git('update-ref', 'refs/heads/-x', 'HEAD');
      s.git('symbolic-ref', 'HEAD', 'refs/heads/-x');
      s.git('push', '-q', 'origin', 'refs/heads/-x:refs/heads/-x');
      s.git('fetch', '-q');
      ahead(s);
    }),
  ),
  same(
    'a branch called like a revision',
    cloned((s) => {
      s.git('switch', '-q', '-c', 'a/b@c{d}/ünï;$(id)');
      s.git('push', '-q', '-u', 'origin', 'HEAD');
      ahead(s);
    }),
  ),
  same(
    'a branch called HEAD',
    cloned((s) => {
      s.git('update-ref', 'refs/heads/HEAD', 'HEAD~1');
      ahead(s);
    }),
  ),
  same(
    'two remotes, the nearer without upstream',
    cloned((s) => {
      s.gitIn(s.dir, 'init', '-q', '--bare', '--template=', join(s.dir, 'fork.git'));
      s.git('remote', 'add', 'a/fork', join(s.dir, 'fork.git'));
      s.git('switch', '-q', '--no-track', '-c', 'feature');
      s.write('forked.txt', 'in the fork\n');
      s.commit('forked');
      s.git('push', '-q', 'a/fork', 'feature');
      ahead(s);
    }),
    { remote: 'fork.git' },
  ),
  same(
    'another branch to compare with',
    cloned((s) => {
      othersPush(s);
      ahead(s);
    }),
    { options: { branch: 'origin/others' } },
  ),
  same('a revision to compare with', cloned(ahead), { options: { baseRevision: 'origin/main~2' } }),
  refused('a branch to compare with that nobody has', cloned(ahead), /no remote has a branch "nope@\{1\}"/, {
    options: { branch: 'nope@{1}' },
  }),
  refused(
    'a branch to compare with that looks like an option',
    cloned(ahead),
    /no remote has a branch "--output=x"/,
    {
      options: { branch: '--output=x' },
    },
  ),
  refused('a revision to compare with that nobody has', cloned(ahead), /there is no commit "--all"/, {
    options: { baseRevision: '--all' },
  }),
  refused('a revision with a line break', cloned(ahead), /there is no commit "HEAD\\nHEAD"/, {
    options: { baseRevision: 'HEAD\nHEAD' },
  }),
  refused(
    'no remote',
    cloned((s) => {
      s.git('remote', 'remove', 'origin');
      dirty(s);
    }),
    /has no remote/,
  ),
  same(
    'no remote, for a master that clones this very working copy',
    cloned((s) => {
      s.git('remote', 'remove', 'origin');
      ahead(s);
    }),
    { options: { historyFrom: 'here' }, remote: 'work' },
  ),
  refused(
    'a remote that was never fetched',
    cloned((s) => {
      s.git('update-ref', '-d', 'refs/remotes/origin/main');
      s.git('symbolic-ref', '-d', 'refs/remotes/origin/HEAD');
    }),
    /no branch of a remote is known here/,
  ),
  refused(
    'no commit yet',
    (dir) => {
      const scene = bareScene(dir);
      scene.gitIn(dir, 'init', '-q', '--bare', '--template=', scene.remote);
      clone(scene);
      scene.write('first.txt', 'first\n');
    },
    /has no commit yet/,
  ),
  same(
    'no commit yet, but a branch to compare with',
    cloned((s) => {
      s.git('switch', '-q', '--orphan', 'fresh');
      s.write('first.txt', 'first\n');
    }),
    { options: { branch: 'main' }, holds: { 'src/main.c': null, 'first.txt': 'first\n' } },
  ),
  refused(
    'a history that shares nothing',
    cloned((s) => {
      s.git('switch', '-q', '--orphan', 'fresh');
      s.write('first.txt', 'first\n');
      s.commit('unrelated');
    }),
    /no commit in common/,
  ),
  same('a shallow clone', on(shallow, ahead)),
  refused(
    'a shallow clone that lost its connection to the upstream',
    on(shallow, (s) => {
      ahead(s);
      const other = join(s.dir, 'other');
      s.gitIn(s.dir, 'clone', '-q', '--template=', s.remote, other);
      s.gitIn(other, 'commit', '-q', '--allow-empty', '-m', 'on');
      s.gitIn(other, 'commit', '-q', '--allow-empty', '-m', 'and on');
      s.gitIn(other, 'push', '-q');
      s.git('fetch', '-q', '--depth=1');
    }),
    /no commit in common/,
  ),
  same(
    'a clone without the old contents',
    (dir) => {
      const scene = bareScene(dir);
      makeRemote(scene);
      scene.gitIn(dir, 'clone', '-q', '--template=', '--filter=blob:none', `file://${scene.remote}`, 'work');
      scene.git('reset', '-q', '--soft', 'HEAD~2');
      ahead(scene);
    },
    { options: { baseRevision: 'origin/main~1' } },
  ),
  same(
    'SHA-256 ids',
    on((dir) => clonedScene(dir, [], 'sha256'), ahead),
  ),
  same(
    'a linked worktree',
    cloned((s) => {
      s.git('worktree', 'add', '-q', '-b', 'beside', join(s.dir, 'beside'));
      s.git('-C', join(s.dir, 'beside'), 'mv', 'src/main.c', 'src/beside.c');
      s.write('src/lib.c', 'not of this worktree\n');
    }),
    { from: 'beside', holds: { 'src/beside.c': lines(41, 'main'), 'src/lib.c': lines(30, 'lib') } },
  ),
  same(
    'the .git folder somewhere else, named by the environment',
    cloned((s) => {
      dirty(s);
      s.gitIn(s.dir, 'init', '-q', '--separate-git-dir', join(s.dir, 'x:y.git'), 'work');
      rmSync(join(s.work, '.git'));
    }),
    { env: (dir) => ({ GIT_DIR: join(dir, 'x:y.git'), GIT_WORK_TREE: join(dir, 'work') }) },
  ),
  same(
    'the variables that a hook runs with',
    cloned((s) => {
      ahead(s);
      s.git('add', '-A');
    }),
    {
      env: (dir) => ({
        GIT_DIR: join(dir, 'work/.git'),
        GIT_INDEX_FILE: '.git/index',
        GIT_PREFIX: '',
        GIT_EDITOR: ':',
      }),
    },
  ),
  same(
    'a symbolic link as the way in',
    cloned((s) => {
      dirty(s);
      symlinkSync(s.work, join(s.dir, 'way'));
    }),
    { from: 'way/src' },
  ),
  refused(
    'no working copy, only a bare repository',
    cloned(() => {}),
    /bare repository/,
    { from: 'remote.git' },
  ),
  refused(
    'a place inside .git',
    cloned(() => {}),
    /inside of a \.git folder/,
    { from: 'work/.git' },
  ),
  refused(
    'no repository at all',
    cloned(() => {}),
    /not in a git working copy/,
    { from: 'home' },
  ),
];

/** Merges until git stops at the conflict, which is what the state is about. */
function tryMerge(scene: Scene, branch: string): void {
  try {
    scene.git('merge', '-q', branch);
  } catch {
    return;
  }
  throw new Error('the merge was meant to stop');
}
