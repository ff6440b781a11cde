/** Repositories inside the repository. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clonedScene, makeLibrary, type Scene } from './scene.ts';
import { on, refused, same, type WorkingCopyState } from './state.ts';

const cloned = (edit: (scene: Scene) => void) => on(clonedScene, edit);

/** The project with a pushed submodule `lib dir`. */
const withSubmodule = (edit: (scene: Scene) => void) =>
  cloned((s) => {
    s.git('submodule', '--quiet', 'add', makeLibrary(s), 'lib dir');
    s.commit('add submodule');
    s.git('push', '-q');
    edit(s);
  });

function libraryOf(scene: Scene): string {
  return join(scene.work, 'lib dir');
}

function commitInLibrary(scene: Scene, folder = libraryOf(scene)): void {
  writeFileSync(join(folder, 'library.c'), 'changed\n');
  scene.gitIn(folder, 'commit', '-q', '-a', '-m', 'in the library');
}

export const submoduleStates: readonly WorkingCopyState[] = [
  same(
    'a submodule that did not change',
    withSubmodule((s) => s.write('src/main.c', 'edited\n')),
  ),
  same(
    'a submodule that is not checked out',
    withSubmodule((s) => {
      s.git('submodule', '--quiet', 'deinit', '--all');
      s.write('src/main.c', 'edited\n');
    }),
  ),
  same(
    'a submodule on a new commit that was pushed',
    withSubmodule((s) => {
      commitInLibrary(s);
      s.gitIn(libraryOf(s), 'push', '-q', 'origin', 'HEAD');
    }),
  ),
  same(
    'a submodule on a new pushed commit that settings hide',
    withSubmodule((s) => {
      s.git('config', 'submodule.lib dir.ignore', 'all');
      s.git('config', 'diff.ignoreSubmodules', 'all');
      commitInLibrary(s);
      s.gitIn(libraryOf(s), 'push', '-q', 'origin', 'HEAD');
    }),
    { sends: ['lib dir'] },
  ),
  refused(
    'a submodule on a new commit that was not pushed',
    withSubmodule((s) => commitInLibrary(s)),
    /commit [0-9a-f]{12} of the submodule lib dir is on no remote branch/,
  ),
  refused(
    'a submodule commit that was recorded but not pushed',
    withSubmodule((s) => {
      commitInLibrary(s);
      s.commit('record it');
    }),
    /of the submodule lib dir is on no remote branch/,
  ),
  refused(
    'a submodule with an edited file',
    withSubmodule((s) => s.write('lib dir/library.c', 'edited\n')),
    /a submodule has changes of its own, .*: lib dir/,
  ),
  refused(
    'a submodule with an edited file that settings hide',
    withSubmodule((s) => {
      s.git('config', 'submodule.lib dir.ignore', 'all');
      s.git('config', 'diff.ignoreSubmodules', 'all');
      s.write('lib dir/library.c', 'edited\n');
    }),
    /a submodule has changes of its own/,
  ),
  refused(
    'a submodule with an untracked file that settings hide',
    withSubmodule((s) => {
      s.gitIn(s.dir, 'config', '--global', 'status.showUntrackedFiles', 'no');
      s.write('lib dir/new.c', 'new\n');
    }),
    /a submodule has changes of its own/,
  ),
  same(
    'a submodule with an untracked file and tracked files only',
    withSubmodule((s) => s.write('lib dir/new.c', 'new\n')),
    { options: { untracked: false } },
  ),
  same(
    'a submodule with an edited file outside of what is named',
    withSubmodule((s) => {
      s.write('lib dir/library.c', 'edited\n');
      s.write('src/main.c', 'edited\n');
    }),
    { options: { pathspecs: ['src'] }, holds: { 'src/main.c': 'edited\n' } },
  ),
  refused(
    'a submodule inside a submodule with an edited file',
    withSubmodule((s) => {
      s.gitIn(libraryOf(s), 'submodule', '--quiet', 'add', makeLibrary(s, 'inner'), 'inner');
      s.gitIn(libraryOf(s), 'commit', '-q', '-a', '-m', 'inner');
      s.gitIn(libraryOf(s), 'push', '-q', 'origin', 'HEAD');
      s.commit('record it');
      s.git('push', '-q');
      s.write('lib dir/inner/library.c', 'edited\n');
    }),
    /a submodule has changes of its own, .*: lib dir\/inner/,
  ),
  same(
    'a new submodule',
    cloned((s) => s.git('submodule', '--quiet', 'add', makeLibrary(s), 'lib')),
  ),
  same(
    'a submodule that was removed',
    withSubmodule((s) => s.git('rm', '-q', 'lib dir')),
  ),
  refused(
    'a repository added without being a submodule',
    cloned((s) => {
      s.gitIn(s.work, 'clone', '-q', '--template=', makeLibrary(s), 'vendored');
      s.git('add', 'vendored');
    }),
    /not listed in \.gitmodules.*: vendored/,
  ),
  refused(
    'an untracked repository inside',
    cloned((s) => void s.gitIn(s.work, 'clone', '-q', '--template=', makeLibrary(s), 'vendored')),
    /a repository inside this one cannot be sent: vendored\//,
  ),
  refused(
    'an untracked repository without a commit inside',
    cloned((s) => {
      s.git('init', '-q', '--template=', 'started');
      s.write('started/file.c', 'new\n');
    }),
    /a repository inside this one cannot be sent: started\//,
  ),
  same(
    'an ignored repository inside',
    cloned((s) => {
      s.gitIn(s.work, 'clone', '-q', '--template=', makeLibrary(s), 'build');
      s.write('src/main.c', 'edited\n');
    }),
    { leavesOut: ['ignored'] },
  ),
];
