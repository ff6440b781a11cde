/** What can happen to the content and the kind of files. */

import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { binary, clonedScene, lines, type Scene } from './scene.ts';
import { on, refused, same, type WorkingCopyState } from './state.ts';

const cloned = (edit: (scene: Scene) => void) => on(clonedScene, edit);

function date({ work }: Scene, path: string): void {
  utimesSync(join(work, path), 1_700_000_000, 1_700_000_000);
}

export const contentStates: readonly WorkingCopyState[] = [
  same(
    'nothing changed',
    cloned(() => {}),
  ),
  same(
    'an edited file',
    cloned((s) => s.write('src/main.c', `${lines(20, 'main')}edited\n${lines(20, 'more')}`)),
  ),
  same(
    'an edit of the same size in the moment when the index was written',
    cloned((s) => {
      // Git compares the content of a file that is as new as the index. Size and times are the same before and after.
      s.git('config', 'core.trustctime', 'false');
      date(s, 'src/main.c');
      s.git('update-index', '--refresh');
      date(s, '.git/index');
      s.write('src/main.c', lines(41, 'MAIN'));
      date(s, 'src/main.c');
    }),
    { holds: { 'src/main.c': lines(41, 'MAIN') } },
  ),
  same(
    'a last line without line break',
    cloned((s) => s.write('src/main.c', 'no end')),
  ),
  same(
    'a staged edit',
    cloned((s) => {
      s.write('src/main.c', 'staged\n');
      s.git('add', 'src/main.c');
    }),
  ),
  same(
    'a staged edit that was edited again',
    cloned((s) => {
      s.write('src/main.c', 'staged\n');
      s.git('add', 'src/main.c');
      s.write('src/main.c', 'edited\n');
    }),
    { holds: { 'src/main.c': 'edited\n' } },
  ),
  same(
    'a staged edit that was undone on disk',
    cloned((s) => {
      s.write('src/main.c', 'staged\n');
      s.git('add', 'src/main.c');
      s.write('src/main.c', lines(41, 'main'));
    }),
  ),
  same(
    'untracked files in new folders',
    cloned((s) => {
      s.write('new.txt', 'new\n');
      s.write('fresh/deep/new.txt', 'new\n');
      s.write('empty.txt', '');
    }),
    { holds: { 'fresh/deep/new.txt': 'new\n' } },
  ),
  same(
    'deleted files, one of them staged',
    cloned((s) => {
      s.remove('src/lib.c');
      s.git('rm', '-q', 'docs/guide.txt');
    }),
  ),
  same(
    'a file removed from the index only',
    cloned((s) => s.git('rm', '-q', '--cached', 'src/lib.c')),
    { holds: { 'src/lib.c': lines(30, 'lib') } },
  ),
  same(
    'a file removed from the index and ignored',
    cloned((s) => {
      s.git('rm', '-q', '--cached', 'src/lib.c');
      s.write('.gitignore', 'lib.c\n');
    }),
    { holds: { 'src/lib.c': null } },
  ),
  same(
    'a folder that is gone',
    cloned((s) => s.remove('src')),
  ),
  same(
    'staged and unstaged renames, with and without edits',
    cloned((s) => {
      s.git('mv', 'src/main.c', 'src/start.c');
      s.move('src/lib.c', 'lib/library.c');
      s.write('lib/library.c', lines(31, 'lib'));
      s.move('data/logo.bin', 'logo.bin');
    }),
  ),
  same(
    'two files that swapped names',
    cloned((s) => {
      s.move('src/main.c', 'x');
      s.move('src/lib.c', 'src/main.c');
      s.move('x', 'src/lib.c');
    }),
  ),
  same(
    'a copied file',
    cloned((s) => s.write('src/copy.c', lines(41, 'main'))),
  ),
  same(
    'edited and new binary files',
    cloned((s) => {
      s.write('data/logo.bin', binary(3000, 7));
      s.write('data/new.bin', binary(70_000, 9));
      s.write('data/nul.txt', 'a\0b\n');
    }),
  ),
  same(
    'deleted binary files',
    cloned((s) => s.remove('data')),
  ),
  same(
    'a 5 MB binary file',
    cloned((s) => s.write('large.bin', binary(5_000_000, 3))),
  ),
  refused(
    'more than the patch may weigh',
    cloned((s) => s.write('large.bin', binary(300_000, 3))),
    /larger than 0\.2 MiB; largest: large\.bin/,
    { options: { maxPatchBytes: 200_000 } },
  ),
  refused(
    'a file too large to be looked at',
    cloned((s) => s.write('disk.img', new Uint8Array(3_000_000))),
    /larger than 0\.1 MiB; largest: disk\.img/,
    { options: { maxPatchBytes: 100_000 } },
  ),
  same(
    'execution rights given and taken',
    cloned((s) => {
      s.mode('src/main.c', 0o755);
      s.mode('bin/run.sh', 0o644);
      s.write('bin/new.sh', '#!/bin/sh\n');
      s.mode('bin/new.sh', 0o755);
    }),
  ),
  same(
    'an edited file that also became executable',
    cloned((s) => {
      s.write('src/main.c', 'edited\n');
      s.mode('src/main.c', 0o755);
    }),
  ),
  same(
    'symbolic links new, changed, dangling and gone',
    cloned((s) => {
      s.remove('link');
      s.link('src/main.c', 'link');
      s.link('nowhere', 'dangling');
      s.link('../README.md', 'docs/up');
    }),
  ),
  same(
    'a symbolic link out of the tree',
    cloned((s) => s.link('/etc/passwd', 'outside')),
    { masterRefuses: /points to an absolute path/ },
  ),
  same(
    'files and symbolic links in each other’s place',
    cloned((s) => {
      s.remove('link');
      s.write('link', 'a file now\n');
      s.remove('src/main.c');
      s.link('lib.c', 'src/main.c');
    }),
  ),
  same(
    'a file that became a folder',
    cloned((s) => {
      s.remove('docs/guide.txt');
      s.write('docs/guide.txt/part-1.txt', 'one\n');
    }),
  ),
  same(
    'a file that moved into a folder of its own name',
    cloned((s) => {
      s.move('src/main.c', 'x');
      s.move('x', 'src/main.c/main.c');
    }),
  ),
  same(
    'a folder that became a file',
    cloned((s) => {
      s.remove('src/deep');
      s.write('src/deep', 'a file now\n');
    }),
  ),
  same(
    'a folder that became a symbolic link',
    cloned((s) => {
      s.move('src/deep', 'elsewhere');
      s.link('../elsewhere', 'src/deep');
    }),
  ),
  same(
    'a symbolic link that became a folder',
    cloned((s) => {
      s.remove('link');
      s.write('link/file', 'in a folder\n');
    }),
  ),
  same(
    'a symbolic link that moved into a folder of its own name',
    cloned((s) => {
      s.move('link', 'x');
      s.move('x', 'link/x');
      s.write('link/y', 'a file beside it\n');
    }),
  ),
  same(
    'text that is not UTF-8',
    cloned((s) => {
      s.write('latin1.txt', Buffer.from('caf\xe9\n', 'latin1'));
      s.write('utf16.txt', Buffer.from('\ufeffhello\r\n', 'utf16le'));
      s.write('src/main.c', Buffer.from(`${lines(41, 'main')}\xff\xfe\x80\n`, 'latin1'));
    }),
  ),
  same(
    'a line of two megabytes',
    cloned((s) => s.write('src/main.c', `${'x'.repeat(2_000_000)}\n`)),
  ),
  same(
    'text that looks like a patch',
    cloned((s) =>
      s.write('src/main.c', 'diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-- \n+\f\r\n\r\r\n'),
    ),
  ),
  same(
    'line ends of three kinds, unconverted',
    cloned((s) => {
      s.write('crlf.txt', 'one\r\ntwo\r\n');
      s.write('src/main.c', 'mixed\r\nends\nhere\r');
    }),
  ),
  same(
    'an ignored file and an ignored folder',
    cloned((s) => {
      s.write('debug.log', 'noise\n');
      s.write('build/out.o', 'object\n');
      s.write('src/main.c', 'edited\n');
    }),
    { holds: { 'debug.log': null, 'build/out.o': null }, leavesOut: ['ignored'] },
  ),
  same(
    'an ignored file added by force',
    cloned((s) => {
      s.write('debug.log', 'wanted\n');
      s.git('add', '-f', 'debug.log');
      s.write('debug.log', 'wanted more\n');
    }),
    { holds: { 'debug.log': 'wanted more\n' } },
  ),
  same(
    'a file with intent to add',
    cloned((s) => {
      s.write('planned.txt', 'planned\n');
      s.git('add', '-N', 'planned.txt');
    }),
    { holds: { 'planned.txt': 'planned\n' } },
  ),
  same(
    'empty folders',
    cloned((s) => {
      s.folder('empty/inner');
      s.folder('src/empty');
      s.write('fresh/file', 'x\n');
      s.folder('fresh/empty');
    }),
    { leavesOut: ['empty-folder'] },
  ),
  refused(
    'a file that became a pipe',
    cloned((s) => {
      s.remove('src/main.c');
      s.gitIn(s.dir, '-c', 'alias.fifo=!mkfifo work/src/main.c', 'fifo');
    }),
    /git cannot take in what is there: .*src\/main\.c/s,
  ),
];
