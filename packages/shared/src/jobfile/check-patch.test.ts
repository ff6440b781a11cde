import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPatch, type PatchFile } from './check-patch.ts';

const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));

function filesOf(text: string, level = 1): PatchFile[] {
  const checked = checkPatch(bytesOf(text), { level });
  if (!checked.ok) expect.fail(checked.reason);
  return checked.files;
}

function reasonOf(text: string, level = 1): string {
  const checked = checkPatch(bytesOf(text), { level });
  return checked.ok ? 'accepted' : checked.reason;
}

const TEXT = '@@ -1 +1 @@\n-a\n+b\n';
const edit = (name: string) => `diff --git a/${name} b/${name}\n--- a/${name}\n+++ b/${name}\n${TEXT}`;
const create = (name: string) =>
  `diff --git a/${name} b/${name}\nnew file mode 100644\n--- /dev/null\n+++ b/${name}\n@@ -0,0 +1 @@\n+x\n`;
const link = (name: string, target: string) =>
  `diff --git a/${name} b/${name}\nnew file mode 120000\nindex 0000000..1111111\n--- /dev/null\n+++ b/${name}\n@@ -0,0 +1 @@\n+${target}\n\\ No newline at end of file\n`;
const remove = (name: string) =>
  `diff --git a/${name} b/${name}\ndeleted file mode 100644\n--- a/${name}\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n`;
const FULL = `index ${'1'.repeat(40)}..${'2'.repeat(40)} 100644\n`;
const binary = (index: string, body: string) =>
  `diff --git a/b.bin b/b.bin\n${index}GIT binary patch\n${body}`;
const LITERAL = 'literal 3\nKcmZQzWMT#Y01f~L\n\n';

describe('checkPatch reads', () => {
  it.each<[string, string, number, PatchFile[]]>([
    ['nothing as no change', '', 1, []],
    ['an edit', edit('a.txt'), 1, [{ path: 'a.txt', change: 'modified', binary: false }]],
    [
      'an edit in a folder by level 2',
      `--- x/y/a\n+++ x/y/a\n${TEXT}`,
      2,
      [{ path: 'a', change: 'modified', binary: false }],
    ],
    [
      'a diff with words before and between',
      `From me\n\n---\n a | 2 +-\n\n${edit('a')}-- \n2.39\n\n`,
      1,
      [{ path: 'a', change: 'modified', binary: false }],
    ],
    [
      'lines of content that look like headers',
      `--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a/../y\n-diff --git a/.git b/.git\n+++ b/../y\n+@@ -1 +1 @@\n`,
      1,
      [{ path: 'x', change: 'modified', binary: false }],
    ],
    [
      'empty lines of context',
      '--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n\n+y\n\n',
      1,
      [{ path: 'x', change: 'modified', binary: false }],
    ],
    [
      'CRLF in headers and content',
      edit('x').replaceAll('\n', '\r\n'),
      1,
      [{ path: 'x', change: 'modified', binary: false }],
    ],
    [
      'Subversion',
      `Index: new.txt\n${'='.repeat(67)}\n--- new.txt\t(nonexistent)\n+++ new.txt\t(working copy)\n@@ -0,0 +1 @@\n+x\nIndex: old.txt\n${'='.repeat(67)}\n--- old.txt\t(revision 1)\n+++ old.txt\t(nonexistent)\n@@ -1 +0,0 @@\n-x\nIndex: p\n${'='.repeat(67)}\n--- p\t(revision 1)\n+++ p\t(working copy)\n\nProperty changes on: p\n${'_'.repeat(67)}\nAdded: svn:executable\n## -0,0 +1 ##\n+*\n\\ No newline at end of property\n`,
      0,
      [
        { path: 'new.txt', change: 'added', binary: false },
        { path: 'old.txt', change: 'deleted', binary: false },
      ],
    ],
    [
      'Mercurial',
      `diff -r 0123456789ab a.txt\n--- a/a.txt\tThu Jan 01 00:00:00 1970 +0000\n+++ b/a.txt\tSat Nov 21 00:00:00 2026 +0000\n${TEXT}`,
      1,
      [{ path: 'a.txt', change: 'modified', binary: false }],
    ],
    [
      'CVS, with names that are not stripped',
      `Index: d/a.c\n===\nRCS file: /cvs/d/a.c,v\nretrieving revision 1.1\ndiff -u -r1.1 a.c\n--- d/a.c\t1 Jan 2026 00:00:00 -0000\t1.1\n+++ d/a.c\t2 Jan 2026 00:00:00 -0000\n${TEXT}`,
      0,
      [{ path: 'd/a.c', change: 'modified', binary: false }],
    ],
    [
      'a link within the tree',
      link('a/l', '../b'),
      1,
      [{ path: 'a/l', change: 'added', binary: false, mode: '120000', symlinkTarget: '../b' }],
    ],
    [
      'a folder that gives way to a link',
      `${remove('d/f')}${link('d', 'e')}`,
      1,
      [
        { path: 'd/f', change: 'deleted', binary: false, mode: '100644' },
        { path: 'd', change: 'added', binary: false, mode: '120000', symlinkTarget: 'e' },
      ],
    ],
    [
      'a binary file',
      binary(FULL, `${LITERAL}${LITERAL}`),
      1,
      [{ path: 'b.bin', change: 'modified', binary: true, mode: '100644' }],
    ],
    [
      'a submodule',
      `diff --git a/s b/s\nindex 1..2 160000\n--- a/s\n+++ b/s\n@@ -1 +1 @@\n-Subproject commit 1\n+Subproject commit 2\n`,
      1,
      [{ path: 's', change: 'modified', binary: false, mode: '160000' }],
    ],
    ['a name that is no UTF-8', edit('a\xff'), 1, [{ path: 'a\ufffd', change: 'modified', binary: false }]],
  ])('%s', (_name, patch, level, files) => {
    expect(filesOf(patch, level)).toEqual(files);
  });
});

describe('checkPatch refuses', () => {
  it.each<[string, string, string]>([
    ['words without a patch', 'hello\n', 'line 1: no change to any file is in the patch'],
    ['a patch without its end', edit('x').slice(0, -1), 'the patch does not end with a newline'],
    ['white space', ' \n\n', 'line 1: no change to any file is in the patch'],
    ['a name that leaves the tree', edit('../x'), `line 1: the name '../x' leaves the tree by '..'`],
    [
      'a hidden name that leaves the tree',
      edit('x') + edit('a/../../y'),
      `line 7: the name 'a/../../y' leaves`,
    ],
    [
      'an absolute name',
      `--- /etc/passwd\n+++ /etc/passwd\n${TEXT}`,
      `line 1: the name '/etc/passwd' is absolute`,
    ],
    ['a hook', create('.git/hooks/post-checkout'), `reaches into '.git'`],
    ['a hook in other letters', create('.GIT/hooks/x'), `reaches into '.git'`],
    ['a hook under its short name', create('git~1/hooks/x'), `reaches into '.git'`],
    [
      'a hook in quotes',
      'diff --git "a/.gi\\164/x" "b/.gi\\164/x"\nold mode 100644\nnew mode 100755\n',
      `reaches into '.git'`,
    ],
    [
      'a NUL in a name',
      'diff --git "a/x\\000" "b/x\\000"\nold mode 100644\nnew mode 100755\n',
      'holds a NUL byte',
    ],
    [
      'a rename out of the tree',
      'diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to ../y\n',
      `'../y' leaves the tree`,
    ],
    [
      'a copy of what lies outside',
      'diff --git a/x b/y\nsimilarity index 100%\ncopy from ../x\ncopy to y\n',
      `'../x' leaves the tree`,
    ],
    [
      'an absolute rename',
      'diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to /y\n',
      `'/y' is absolute`,
    ],
    [
      'a rename without its other name',
      'diff --git a/x b/y\nrename from x\n',
      'a rename or copy without both names',
    ],
    ['an absolute link', link('l', '/etc/passwd'), `the link 'l' points to an absolute path`],
    ['a link out of the tree', link('l', '../x'), `the link 'l' points out of the tree`],
    [
      'a changed link out of the tree',
      'diff --git a/l b/l\nindex 1..2 120000\n--- a/l\n+++ b/l\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+../y\n\\ No newline at end of file\n',
      'points out of the tree',
    ],
    [
      'a file that turns into a link out of the tree',
      'diff --git a/l b/l\nold mode 100644\nnew mode 120000\n--- a/l\n+++ b/l\n@@ -1 +1 @@\n-x\n+/y\n\\ No newline at end of file\n',
      'points to an absolute path',
    ],
    ['a link in two lines', link('l', 'a\n+/etc').replace('+1 @@', '+1,2 @@'), `has no target of one line`],
    [
      'a link whose target ends in a newline',
      link('l', 'x').replace('\\ No newline at end of file\n', ''),
      'no target of one line',
    ],
    [
      'a link made of a mode alone',
      'diff --git a/l b/l\nold mode 100644\nnew mode 120000\n',
      'no target of one line',
    ],
    [
      'a link in two hunks',
      `${link('l', 'x')}@@ -0,0 +1 @@\n+/etc\n\\ No newline at end of file\n`,
      'no target of one line',
    ],
    [
      'a link as binary',
      binary(FULL.replace('100644', '120000'), LITERAL),
      'a symbolic link as a binary file',
    ],
    [
      'a file behind a new link',
      link('d', 'e') + create('d/f'),
      `line 9: 'd/f' lies behind a link that the patch makes`,
    ],
    ['the same the other way round', create('d/e/f') + link('d', 'e'), `line 1: 'd/e/f' lies behind a link`],
    ['the same in other letters', link('d', 'e') + create('D/f'), `lies behind a link`],
    [
      'a combined diff',
      'diff --cc a\nindex 1,2..3\n--- a/a\n+++ b/a\n@@@ -1,1 -1,1 +1,2 @@@\n',
      'line 1: a combined diff of a merge',
    ],
    ['a combined diff in its other form', 'diff --combined a\n', 'line 1: a combined diff'],
    ['a coloured diff', '\x1b[1mdiff --git a/x b/x\x1b[m\n', 'line 1: a coloured diff'],
    [
      'a diff coloured in its content only',
      '--- a/x\n+++ b/x\n@@ -1 +1 @@\n\x1b[31m-a\x1b[m\n',
      'line 4: a coloured diff',
    ],
    [
      'a binary file without content',
      'diff --git a/b b/b\nindex 1..2 100644\nBinary files a/b and b/b differ\n',
      'line 3: a binary file whose content is not in the patch',
    ],
    [
      'a new binary file without content',
      'diff --git a/b b/b\nnew file mode 100644\nindex 0..2\nBinary files /dev/null and b/b differ\n',
      'a binary file whose content',
    ],
    [
      'a binary file of Subversion',
      `${edit('x')}Index: b\n===\nCannot display: file marked as a binary type.\n`,
      'line 9: a binary file whose content',
    ],
    [
      'a binary file of Mercurial',
      `diff -r 1 b\nBinary file b has changed\n${edit('x')}`,
      'line 2: a binary file whose content',
    ],
    [
      'a binary patch without full index',
      binary('index 1234567..89abcde 100644\n', LITERAL),
      'without full index',
    ],
    ['a binary patch without index', binary('', LITERAL), 'without full index'],
    ['a binary patch without content', binary(FULL, '\n'), 'line 4: a damaged binary patch'],
    [
      'a binary patch with a damaged line',
      binary(FULL, 'literal 3\nKcmXxW0D\n\n'),
      'line 5: a damaged binary patch',
    ],
    [
      'a binary patch cut off',
      binary(FULL, 'literal 3\nKcmZQzWMT#Y01f~L\n'),
      'the patch ends inside a binary file',
    ],
    [
      'a binary patch of 2 GB',
      binary(FULL, LITERAL.replace('3', '2000000000')),
      'more than 1 GiB of binary content',
    ],
    [
      'a binary patch without a file',
      `GIT binary patch\n${LITERAL}`,
      'line 1: a binary patch that belongs to no file',
    ],
    ['a hunk without a file', TEXT, 'line 1: a hunk that belongs to no file'],
    ['a hunk cut off', '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n', 'the patch ends inside a hunk'],
    ['a hunk with a damaged line', '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\nb\n', 'line 5: a damaged hunk'],
    ['a hunk with a damaged header', '--- a/x\n+++ b/x\n@@ -a +1 @@\n', 'line 3: a damaged hunk header'],
    [
      'a hunk with too many lines',
      '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n-b\n',
      'line 5: a hunk with more lines',
    ],
    [
      'a header without a change',
      'diff --git a/x b/x\nindex 1..2 100644\n',
      'line 1: the header is not followed by a change',
    ],
    ['a git header with half a name pair', 'diff --git a/x b/x\n--- a/x\n', `'--- ' without '+++ '`],
    [
      'names that contradict each other',
      `diff --git a/x b/x\nrename from x\nrename to y\n--- a/x\n+++ b/z\n${TEXT}`,
      `the names 'y' and 'z' contradict`,
    ],
    [
      'two names without a rename',
      `diff --git a/x b/y\n--- a/x\n+++ b/y\n${TEXT}`,
      'the old and the new name differ',
    ],
    [
      'a diff without prefixes',
      `diff --git d/x d/x\n--- d/x\n+++ d/x\n${TEXT}`,
      'the names have no prefix such as a/ and b/',
    ],
    ['a name with nothing to strip', `--- x\n+++ x\n${TEXT}`, `the name 'x' has no 1 folders to strip`],
    [
      'a file that is new and gone',
      'diff --git a/x b/x\nnew file mode 100644\ndeleted file mode 100644\n',
      'added and deleted at once',
    ],
    [
      'a new file with an old name',
      `diff --git a/x b/x\nnew file mode 100644\n--- a/x\n+++ b/x\n${TEXT}`,
      'a name where /dev/null is due',
    ],
    [
      'a header line twice',
      'diff --git a/x b/x\nold mode 100644\nold mode 100755\n',
      `'old mode' comes twice`,
    ],
    ['a device', 'diff --git a/x b/x\nnew file mode 060000\n', `'060000' is not the mode of a file`],
    [
      'a setuid bit',
      'diff --git a/x b/x\nold mode 100644\nnew mode 104755\n',
      `'104755' is not the mode of a file`,
    ],
    [
      'a pair that names no file',
      'diff --git a/x b/y\nold mode 100644\nnew mode 100755\n',
      'does not say which file',
    ],
    ['damaged quotes', `--- "a/x\n+++ "b/x\n${TEXT}`, 'damaged quotes around a name'],
    ['no names at all', `--- /dev/null\n+++ /dev/null\n${TEXT}`, 'both names are /dev/null'],
  ])('%s', (_name, patch, reason) => {
    expect(reasonOf(patch)).toContain(reason);
  });

  it('names that were not stripped at level 0, where git would make a file called a/x', () => {
    expect(reasonOf(edit('x'), 0)).toContain('the old and the new name differ');
  });

  it('in words that are fit for a terminal', () => {
    expect(reasonOf(edit('../\x1b]0;x\x07'))).toBe(`line 1: the name '../␛]0;x␇' leaves the tree by '..'`);
  });
});

describe('checkPatch, whatever comes', () => {
  const seeds = [
    edit('a.txt'),
    create('d/f'),
    link('l', 'x'),
    remove('g'),
    binary(FULL, LITERAL),
    'diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n',
  ];

  it('never throws on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 3 }), (bytes, level) => {
        expect(checkPatch(bytes, { level })).toHaveProperty('ok');
      }),
    );
  });

  it('stands two seconds of shuffled and damaged patches, and lets no dangerous name through', () => {
    const lines = seeds
      .join('')
      .split('\n')
      .concat('../x', '+++ b/../x', '--- a/.git/x', '+++ b/.git/x', 'rename to ../z', '+/etc');
    const patch = fc.oneof(
      fc.array(fc.constantFrom(...lines), { maxLength: 20 }).map((some) => some.join('\n')),
      fc.tuple(fc.shuffledSubarray(seeds), fc.nat(), fc.string({ maxLength: 3 })).map(([some, at, text]) => {
        const whole = some.join('');
        const place = at % (whole.length + 1);
        return whole.slice(0, place) + text + whole.slice(place + text.length);
      }),
    );
    fc.assert(
      fc.property(patch, (text) => {
        const checked = checkPatch(bytesOf(text), { level: 1 });
        const paths = checked.ok ? checked.files.flatMap(({ path, from }) => [path, from ?? path]) : [];
        return !paths.some((path) => /(?:^|\/)(?:\.\.|\.git)(?:\/|$)|^\//.test(path));
      }),
      { interruptAfterTimeLimit: 2000, numRuns: 1_000_000, markInterruptAsFailure: false },
    );
  });

  it('walks 20 MB of one long line, of short lines and of many files', () => {
    const long = `--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+${'x'.repeat(20_000_000)}\n`;
    expect(filesOf(long)).toHaveLength(1);
    const short = `--- /dev/null\n+++ b/x\n@@ -0,0 +1,5000000 @@\n${'+xx\n'.repeat(5_000_000)}`;
    expect(filesOf(short)).toHaveLength(1);
    const many = Array.from({ length: 100_000 }, (_, index) => create(`f${index}`)).join('');
    expect(filesOf(many)).toHaveLength(100_000);
  });
});
