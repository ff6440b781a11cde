import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import Try from '../commands/try.ts';
import { readGivenDiff, sourceOfDiff } from './given-diff.ts';

const GIT_DIFF = `diff --git a/src/a.c b/src/a.c
index 1111111..2222222 100644
--- a/src/a.c
+++ b/src/a.c
@@ -1 +1 @@
-old
+new
diff --git a/gone b/gone
deleted file mode 100644
index 1111111..0000000
--- a/gone
+++ /dev/null
@@ -1 +0,0 @@
-old
diff --git a/x b/y
similarity index 100%
rename from x
rename to y
`;

const SVN_DIFF = `Index: src/a.c
===================================================================
--- src/a.c\t(revision 12)
+++ src/a.c\t(working copy)
@@ -1 +1 @@
-old
+new
`;

function bytes(text: string, encoding: BufferEncoding = 'utf8'): Buffer {
  return Buffer.from(text, encoding);
}

describe('a given diff', () => {
  test('lists its files and strips git’s a/ and b/ unless told otherwise', () => {
    const outcome = sourceOfDiff(bytes(GIT_DIFF), { baseRevision: 'abc', branch: 'main' });
    expect(outcome).toMatchObject({
      ok: true,
      source: {
        baseRevision: 'abc',
        branch: 'main',
        patchLevel: 1,
        tree: null,
        files: [
          { path: 'src/a.c', change: '~', bytes: null },
          { path: 'gone', change: '-', bytes: 0 },
          { path: 'y', from: 'x', change: '→' },
        ],
        stats: { files: 3, binary: 0, patchBytes: GIT_DIFF.length },
      },
    });
  });

  test.each([
    ['1', 'git', GIT_DIFF],
    ['0', 'another format', SVN_DIFF],
  ])('given the documented default of %s, one of %s is as if nothing was given', (level, _, text) => {
    const given = sourceOfDiff(bytes(text), { patchLevel: Number(level) });
    expect(given.ok).toBe(true);
    expect(given).toEqual(sourceOfDiff(bytes(text), {}));
    expect(Try.flags.patchlevel.description).toMatch(
      /Default: 1 if its paths have git's a\/ and b\/, else 0/,
    );
  });

  test('of another format strips nothing, as Buildbot has it', () => {
    expect(sourceOfDiff(bytes(SVN_DIFF), {})).toMatchObject({
      ok: true,
      source: { patchLevel: 0, vcs: null, branch: null, baseRevision: null, files: [{ path: 'src/a.c' }] },
    });
  });

  test('keeps its bytes', () => {
    const diff = bytes(GIT_DIFF.replace('+new', '+caf\xe9'), 'latin1');
    const outcome = sourceOfDiff(diff, {});
    expect(outcome.ok && outcome.source.patch).toBe(diff);
  });

  test('without a byte is the base alone', () => {
    expect(sourceOfDiff(bytes(''), {})).toMatchObject({ ok: true, source: { patch: null, files: [] } });
  });

  test.each([
    ['nothing but white space', bytes(' \n\n'), {}, /no change to any file/],
    ['colour', bytes(`\u001b[1mdiff --git a/a b/a\u001b[m\n`), {}, /coloured diff/],
    ['UTF-16', bytes(`\ufeff${GIT_DIFF}`, 'utf16le'), {}, /UTF-16/],
    [
      'binary files without content',
      bytes('diff --git a/a b/a\nindex 11..22 100644\nBinary files a/a and b/a differ\n'),
      {},
      /binary/,
    ],
    [
      'a merge',
      bytes('diff --cc a\nindex 1,2..3\n--- a/a\n+++ b/a\n@@@ -1,1 -1,1 +1,1 @@@\n'),
      {},
      /combined diff/,
    ],
    ['a way out of the tree', bytes(GIT_DIFF.replaceAll('src/a.c', '../a.c')), {}, /leaves the tree/],
    ['a level that leaves nothing', bytes(GIT_DIFF), { patchLevel: 99 }, /cannot be sent/],
    ['a negative level', bytes(GIT_DIFF), { patchLevel: -1 }, /-1 is no patch level/],
    ['half a level', bytes(GIT_DIFF), { patchLevel: 0.5 }, /0\.5 is no patch level/],
    ['more than the limit', bytes(GIT_DIFF), { maxPatchBytes: 100 }, /larger than/],
  ])('with %s is refused', (_, diff, options, reason) => {
    expect(sourceOfDiff(diff, options)).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
  });
});

describe('the place of a diff', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'buildbot-diff-'));
  });

  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
    for (const text of texts) yield bytes(text);
  }

  test('is a file below the current folder', async () => {
    writeFileSync(join(dir, 'my.diff'), GIT_DIFF);
    const outcome = await readGivenDiff({ name: 'my.diff', cwd: dir, stdin: chunks() }, {});
    expect(outcome).toMatchObject({ ok: true, source: { stats: { files: 3 } } });
  });

  test('is standard input for a dash', async () => {
    const stdin = chunks(GIT_DIFF.slice(0, 50), GIT_DIFF.slice(50));
    expect(await readGivenDiff({ name: '-', cwd: dir, stdin }, {})).toMatchObject({ ok: true });
  });

  test('may be the empty device, which asks for the base alone', async () => {
    const outcome = await readGivenDiff({ name: '/dev/null', cwd: dir, stdin: chunks() }, {});
    expect(outcome).toMatchObject({ ok: true, source: { patch: null, files: [] } });
  });

  test.each(['-', 'empty.diff'])(
    'that is empty is refused, for what makes it may have failed: %s',
    async (name) => {
      writeFileSync(join(dir, 'empty.diff'), '');
      const outcome = await readGivenDiff({ name, cwd: dir, stdin: chunks() }, {});
      expect(outcome).toEqual({
        ok: false,
        reason: 'the diff is empty',
        hint: expect.stringContaining('--diff /dev/null'),
      });
    },
  );

  test('is read no further than the limit', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(1000);
    }
    const outcome = await readGivenDiff({ name: '-', cwd: dir, stdin: endless() }, { maxPatchBytes: 5000 });
    expect(outcome).toMatchObject({ ok: false, reason: expect.stringMatching(/larger than/) });
  });

  test.each([
    ['missing', /missing does not exist/],
    ['.', /\. is a folder/],
  ])('that cannot be read is refused: %s', async (name, reason) => {
    const outcome = await readGivenDiff({ name, cwd: dir, stdin: chunks() }, {});
    expect(outcome).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
  });
});
