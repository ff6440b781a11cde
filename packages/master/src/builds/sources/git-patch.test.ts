import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { EXCEPTION, FAILURE, SUCCESS } from '@buildbot/shared';
import { describe, expect, test } from 'vitest';
import { GitRepository } from '../../testing/git-repository.ts';
import { checkout, files, stateOf, worldFor } from '../../testing/git-world.ts';

describe('the patch of a try job', () => {
  const binary = new Uint8Array([0, 255, 254, 13, 10, 0, 1]);

  test('gives the very tree of the developer', async () => {
    const base = {
      'a.txt': 'one\n',
      'gone.txt': 'x\n',
      bin: binary,
      'mode.sh': 'x\n',
      'dir/deep.txt': 'deep\n',
      old: 'name\n',
    };
    await using repository = await GitRepository.make(base);
    const patch = await repository.patch({
      'a.txt': 'two\r\n',
      'gone.txt': null,
      bin: new Uint8Array([...binary, 7]),
      'mode.sh': { script: 'x\n' },
      dir: 'now a file\n',
      'new/ü "q".txt': 'latin \xff\n',
      link: { link: 'a.txt' },
      old: null,
      renamed: 'name\n',
      empty: '',
    });
    await using world = await worldFor(repository);
    const build = await world.build('linux', {
      stamp: { revision: await repository.git('rev-parse', 'HEAD'), patch },
    });
    expect(build.results).toBe(SUCCESS);
    expect(await stateOf(world, build)).toMatch(/^checked out [0-9a-f]{12} with the patch$/);
    expect(await files(world)).toEqual(['a.txt', 'bin', 'dir', 'empty', 'link', 'mode.sh', 'new', 'renamed']);
    expect(await readFile(checkout(world, 'a.txt'), 'utf8')).toBe('two\r\n');
    expect([...(await readFile(checkout(world, 'bin')))]).toEqual([...binary, 7]);
    expect((await stat(checkout(world, 'mode.sh'))).mode & 0o111).toBe(0o111);
  });

  test('leaves nothing for the next build, even an incremental one', async () => {
    await using repository = await GitRepository.make({ 'a.txt': 'one\n', 'b.txt': 'b\n' });
    const patch = await repository.patch({ 'a.txt': 'two\n', 'b.txt': null, 'new.txt': 'new\n' });
    await using world = await worldFor(repository, { mode: 'incremental' });
    await world.build('linux', { stamp: { patch } });
    expect(await files(world)).toEqual(['a.txt', 'new.txt']);
    await world.build('linux');
    expect(await files(world)).toEqual(['a.txt', 'b.txt']);
    expect(await readFile(checkout(world, 'a.txt'), 'utf8')).toBe('one\n');
  });

  test('wins over what an earlier build left in its way', async () => {
    await using repository = await GitRepository.make();
    const patch = await repository.patch({ 'out.txt': 'from the patch\n' });
    await using world = await worldFor(repository, { mode: 'incremental' });
    await world.build('linux');
    await writeFile(checkout(world, 'out.txt'), 'from a build\n');
    expect((await world.build('linux', { stamp: { patch } })).results).toBe(SUCCESS);
    expect(await readFile(checkout(world, 'out.txt'), 'utf8')).toBe('from the patch\n');
  });

  test("that does not apply fails with git's own words and leaves no trace", async () => {
    await using repository = await GitRepository.make({ 'a.txt': 'one\n', 'b.txt': 'b\n' });
    const patch = await repository.patch({ 'a.txt': 'two\n', 'b.txt': 'c\n' });
    await repository.commit({ 'a.txt': 'something else\n' });
    await using world = await worldFor(repository);
    const build = await world.build('linux', { stamp: { patch } });
    expect(build.results).toBe(FAILURE);
    expect(await stateOf(world, build)).toBe('patch does not apply');
    expect((await world.logBytes(build.buildid, 0)).toString()).toContain('error: patch failed: a.txt:1');
    expect(await readFile(checkout(world, 'b.txt'), 'utf8')).toBe('b\n');
  });

  test('that gives another tree than was submitted is refused', async () => {
    await using repository = await GitRepository.make();
    const patch = { ...(await repository.patch({ 'a.txt': 'two\n' })), tree: 'e'.repeat(40) };
    await using world = await worldFor(repository);
    const build = await world.build('linux', { stamp: { patch } });
    expect(build.results).toBe(EXCEPTION);
    expect(await stateOf(world, build)).toMatch(
      /^the patched tree is [0-9a-f]{40}, but e{40} was submitted$/,
    );
    expect(await readFile(checkout(world, 'a.txt'), 'utf8')).toBe('one\n');
  });

  test('applies where attributes would convert line ends', async () => {
    await using repository = await GitRepository.make({ 'crlf.txt': 'one\r\ntwo\r\n' });
    await repository.commit({ '.gitattributes': '* text=auto\n*.cr text eol=crlf\n', 'x.cr': 'x\n' });
    const patch = await repository.patch({ 'x.cr': 'x\ny\n' });
    await using world = await worldFor(repository);
    expect((await world.build('linux', { stamp: { patch } })).results).toBe(SUCCESS);
    expect(await readFile(checkout(world, 'x.cr'), 'utf8')).toBe('x\r\ny\r\n');
    expect(await readFile(checkout(world, 'crlf.txt'), 'utf8')).toBe('one\r\ntwo\r\n');
  });

  test('never writes through a link, nor into .git, nor outside', async () => {
    await using repository = await GitRepository.make();
    await repository.commit({ out: { link: '/tmp' } });
    await using world = await worldFor(repository);
    const canary = `bb-canary-${process.pid}`;
    for (const name of [`out/${canary}`, `../${canary}`, '.git/hooks/post-checkout', `/tmp/${canary}`]) {
      const header = `diff --git a/${name} b/${name}\nnew file mode 100755\n--- /dev/null\n+++ b/${name}\n`;
      const body = new TextEncoder().encode(`${header}@@ -0,0 +1 @@\n+touch /tmp/${canary}\n`);
      const patch = { level: 1, subdir: '', author: 'mallory', comment: '', body, tree: null };
      const build = await world.build('linux', { stamp: { patch } });
      expect([name, build.results]).toEqual([name, FAILURE]);
    }
    expect(existsSync(`/tmp/${canary}`)).toBe(false);
    expect(existsSync(checkout(world, '.git/hooks/post-checkout'))).toBe(false);
  });

  test('of twenty megabytes passes', async () => {
    await using repository = await GitRepository.make();
    const line = `${'x'.repeat(99)}\n`;
    const patch = await repository.patch({ 'big.txt': line.repeat(200_000) });
    await using world = await worldFor(repository);
    expect((await world.build('linux', { stamp: { patch } })).results).toBe(SUCCESS);
    expect((await stat(checkout(world, 'big.txt'))).size).toBe(20_000_000);
  });
});
