/** Settings and attributes that change what git shows, converts or runs. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binary, clonedScene, lines, type Scene } from './scene.ts';
import { on, refused, same, type WorkingCopyState } from './state.ts';

const cloned = (edit: (scene: Scene) => void) => on(clonedScene, edit);

/** Edits of all kinds, for settings that change how a diff is shown. */
function edits(scene: Scene): void {
  scene.write('src/main.c', `${lines(20, 'main')}\n\n${lines(20, 'main')}`);
  scene.write('data/logo.bin', binary(3000, 5));
  scene.move('src/lib.c', 'src/moved.c');
  scene.write('ä ö.txt', 'new\n');
  scene.mode('README.md', 0o755);
}

function settings(values: Readonly<Record<string, string>>, edit = edits): (dir: string) => void {
  return cloned((scene) => {
    for (const [key, value] of Object.entries(values)) scene.git('config', key, value);
    edit(scene);
  });
}

/** A program that leaves `ran` beside the working copy and fails. */
function trap(scene: Scene, name: string): string {
  const path = join(scene.dir, name);
  writeFileSync(path, `#!/bin/sh\ntouch '${scene.dir}/ran'\nexit 1\n`, { mode: 0o755 });
  return path;
}

function attributes(text: string, edit: (scene: Scene) => void): (dir: string) => void {
  return cloned((scene) => {
    scene.write('.gitattributes', text);
    edit(scene);
  });
}

/** Stands in for git-lfs: `clean` makes a pointer of the same form. */
const LFS_CLEAN =
  'printf "version https://git-lfs.github.com/spec/v1\\noid sha256:%s\\nsize 9\\n" $(sha256sum | cut -d" " -f1)';

function withLfs(edit: (scene: Scene) => void): (dir: string) => void {
  return attributes('*.psd filter=lfs diff=lfs merge=lfs -text\n', (scene) => {
    scene.git('config', 'filter.lfs.clean', LFS_CLEAN);
    scene.write('art.psd', 'old art\n');
    scene.commit('art');
    scene.git('push', '-q');
    edit(scene);
  });
}

export const settingsStates: readonly WorkingCopyState[] = [
  same('colour always', settings({ 'color.ui': 'always', 'color.diff': 'always', 'color.status': 'always' })),
  same('no prefixes in diffs', settings({ 'diff.noprefix': 'true' })),
  same('speaking prefixes in diffs', settings({ 'diff.mnemonicPrefix': 'true' })),
  same('own prefixes in diffs', settings({ 'diff.srcPrefix': 'x/', 'diff.dstPrefix': 'y/' })),
  same(
    'an external diff program',
    cloned((s) => {
      s.git('config', 'diff.external', trap(s, 'differ'));
      edits(s);
    }),
  ),
  same(
    'an external diff program in the environment',
    cloned((s) => {
      trap(s, 'differ');
      edits(s);
    }),
    {
      env: (dir) => ({
        GIT_EXTERNAL_DIFF: join(dir, 'differ'),
        GIT_DIFF_OPTS: '--unified=0',
        GIT_LITERAL_PATHSPECS: '1',
      }),
    },
  ),
  same(
    'diff drivers that convert and call programs',
    attributes('*.c diff=shout\n*.bin diff=shout\n', (s) => {
      s.git('config', 'diff.shout.textconv', 'tr a-z A-Z <');
      s.git('config', 'diff.shout.command', trap(s, 'driver'));
      edits(s);
    }),
  ),
  same(
    'every other setting of diffs and status turned',
    settings({
      'diff.renames': 'copies',
      'diff.algorithm': 'patience',
      'diff.context': '0',
      'diff.interHunkContext': '9',
      'diff.suppressBlankEmpty': 'true',
      'diff.ignoreSubmodules': 'all',
      'diff.submodule': 'log',
      'diff.relative': 'true',
      'diff.wsErrorHighlight': 'all',
      'diff.wordRegex': '.',
      'diff.colorMoved': 'zebra',
      'diff.statGraphWidth': '1',
      'diff.renameLimit': '1',
      'core.quotePath': 'false',
      'core.abbrev': '4',
      'core.pager': 'false',
      'status.showUntrackedFiles': 'no',
      'status.renames': 'copies',
      'status.relativePaths': 'false',
      'status.short': 'true',
      'status.branch': 'false',
      'status.showStash': 'true',
      'submodule.recurse': 'true',
      'log.showSignature': 'true',
      'core.bigFileThreshold': '100',
      'core.splitIndex': 'true',
      'core.untrackedCache': 'true',
      'feature.experimental': 'true',
      'column.ui': 'always',
      'core.compression': '0',
    }),
    { from: 'work/src' },
  ),
  same(
    'hooks that fail',
    cloned((s) => {
      for (const name of ['post-index-change', 'reference-transaction', 'pre-commit']) trap(s, name);
      s.git('config', 'core.hooksPath', s.dir);
      edits(s);
    }),
  ),
  same(
    'line ends converted by core.autocrlf',
    settings({ 'core.autocrlf': 'true' }, (s) => {
      s.write('src/main.c', 'one\r\ntwo\r\n');
      s.write('new.txt', 'new\r\n');
    }),
    { compare: 'tree', holds: { 'src/main.c': 'one\ntwo\n', 'new.txt': 'new\n' } },
  ),
  same(
    'mixed line ends and core.safecrlf',
    settings({ 'core.autocrlf': 'input', 'core.safecrlf': 'true' }, (s) =>
      s.write('new.txt', 'one\r\ntwo\n'),
    ),
    { compare: 'tree', holds: { 'new.txt': 'one\ntwo\n' } },
  ),
  same(
    'attributes for line ends that are part of the change',
    attributes('*.txt text eol=crlf\n*.c text\n', (s) => {
      s.write('new.txt', 'one\r\ntwo\r\n');
      s.write('src/main.c', 'one\r\ntwo\r\n');
    }),
    { compare: 'tree', holds: { 'src/main.c': 'one\ntwo\n' } },
  ),
  same(
    'attributes for line ends that the base has',
    attributes('*.txt text eol=crlf\n', (s) => {
      s.write('docs/guide.txt', 'one\r\ntwo\r\nthree\r\n');
      s.commit('crlf');
      s.git('push', '-q');
      s.write('docs/guide.txt', 'one\r\nTWO\r\nthree\r\n');
      s.write('docs/more.txt', 'more\r\n');
    }),
  ),
  same(
    'a file kept as UTF-16 on disk',
    attributes('wide.txt working-tree-encoding=UTF-16LE\n', (s) => {
      s.write('wide.txt', Buffer.from('one\ntwo\n', 'utf16le'));
      s.commit('wide');
      s.git('push', '-q');
      s.write('wide.txt', Buffer.from('one\nTWO\n', 'utf16le'));
    }),
  ),
  same(
    'expanded keywords',
    attributes('ident.c ident\n', (s) => {
      s.write('ident.c', '$Id$\nbody\n');
      s.commit('ident');
      s.git('push', '-q');
      s.write('ident.c', '$Id$\nchanged body\n');
    }),
    { compare: 'tree' },
  ),
  same(
    'text declared binary and binary declared text',
    attributes('*.c -diff\n*.bin diff\n*.md binary\n', (s) => {
      edits(s);
      s.write('README.md', 'edited\n');
    }),
  ),
  same(
    'a filter of the developer’s own',
    attributes('*.sec filter=rot\n', (s) => {
      s.git('config', 'filter.rot.clean', 'tr a-z n-za-m');
      s.git('config', 'filter.rot.smudge', 'tr a-z n-za-m');
      s.write('key.sec', 'hello\n');
    }),
    { compare: 'tree', holds: { 'key.sec': 'uryyb\n' } },
  ),
  refused(
    'a filter that must run and fails',
    attributes('*.sec filter=broken\n', (s) => {
      s.git('config', 'filter.broken.clean', 'false');
      s.git('config', 'filter.broken.required', 'true');
      s.write('key.sec', 'hello\n');
    }),
    /git cannot take in what is there: .*key\.sec/s,
  ),
  same(
    'LFS files that did not change',
    withLfs((s) => s.write('src/main.c', 'edited\n')),
    { compare: 'tree' },
  ),
  same(
    'an LFS file that moved',
    withLfs((s) => s.move('art.psd', 'art/art.psd')),
    { compare: 'tree' },
  ),
  refused(
    'an LFS file that changed',
    withLfs((s) => s.write('art.psd', 'new art\n')),
    /Git LFS keeps .* art\.psd/,
  ),
  refused(
    'a new LFS file in a commit that was not pushed',
    withLfs((s) => {
      s.write('more.psd', 'more art\n');
      s.commit('more');
    }),
    /Git LFS keeps .* more\.psd/,
  ),
  same(
    'a pointer that LFS does not keep',
    cloned((s) =>
      s.write('sample.txt', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'),
    ),
  ),
];
