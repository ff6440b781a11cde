import { existsSync } from 'node:fs';
import { mkdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXCEPTION, FAILURE, SUCCESS } from '@buildbot/shared';
import { describe, expect, test } from 'vitest';
import { GitRepository } from '../../testing/git-repository.ts';
import { checkout, files, gotRevision, stateOf, worldFor } from '../../testing/git-world.ts';

test('checks out the newest commit of the branch and says which', async () => {
  await using repository = await GitRepository.make();
  const commit = await repository.commit({
    'a.txt': 'two\n',
    'run.sh': { script: '#!/bin/sh\n' },
    link: { link: 'a.txt' },
  });
  await using world = await worldFor(repository);
  const build = await world.build('linux');
  expect(build.results).toBe(SUCCESS);
  expect(await gotRevision(world, build)).toBe(commit);
  expect(await stateOf(world, build)).toBe(`checked out ${commit.slice(0, 12)}`);
  expect(await readFile(checkout(world, 'a.txt'), 'utf8')).toBe('two\n');
  expect(await readlink(checkout(world, 'link'))).toBe('a.txt');
  expect((await stat(checkout(world, 'run.sh'))).mode & 0o111).toBe(0o111);
});

test('announces each command in the log as a person would type it', async () => {
  await using repository = await GitRepository.make();
  await using world = await worldFor(repository);
  const build = await world.build('linux');
  const log = (await world.logBytes(build.buildid, 0)).toString();
  expect(log).toContain(`$ git fetch --no-tags --force --end-of-options ${repository.path} +refs/heads/main`);
  expect(log).not.toContain('core.hooksPath');
});

test("checks out the source stamp's revision and branch, not the newest", async () => {
  await using repository = await GitRepository.make();
  const old = await repository.git('rev-parse', 'HEAD');
  await repository.commit({ 'a.txt': 'two\n' });
  await repository.git('checkout', '--quiet', '-b', 'other', old);
  const other = await repository.commit({ 'b.txt': 'b\n' });
  await using world = await worldFor(repository);
  expect(await gotRevision(world, await world.build('linux', { stamp: { revision: old } }))).toBe(old);
  expect(await gotRevision(world, await world.build('linux', { stamp: { branch: 'other' } }))).toBe(other);
  expect(await files(world)).toEqual(['a.txt', 'b.txt']);
  // A shortened id, on a branch that the stamp does not name.
  expect(
    await gotRevision(world, await world.build('linux', { stamp: { revision: other.slice(0, 10) } })),
  ).toBe(other);
});

test('finds a commit that is on no branch by this name, and a tag by its own', async () => {
  await using repository = await GitRepository.make();
  await repository.git('tag', 'v1');
  const commit = await repository.git('rev-parse', 'HEAD');
  await repository.commit({ 'a.txt': 'two\n' });
  await using world = await worldFor(repository);
  const unpushedBranch = { branch: 'only-on-my-laptop', revision: commit };
  expect(await gotRevision(world, await world.build('linux', { stamp: unpushedBranch }))).toBe(commit);
  expect(await gotRevision(world, await world.build('linux', { stamp: { revision: 'v1' } }))).toBe(commit);
});

test('a commit that is there already costs no fetch', async () => {
  await using repository = await GitRepository.make();
  const commit = await repository.git('rev-parse', 'HEAD');
  await using world = await worldFor(repository);
  await world.build('linux');
  const build = await world.build('linux', { stamp: { revision: commit } });
  expect((await world.logBytes(build.buildid, 0)).toString()).not.toContain('git fetch');
});

describe('what cannot be had', () => {
  test('a revision that was not pushed is a clear failure and keeps the checkout', async () => {
    await using repository = await GitRepository.make();
    await using world = await worldFor(repository);
    await world.build('linux');
    const missing = 'f'.repeat(40);
    const build = await world.build('linux', { stamp: { revision: missing, branch: 'main' } });
    expect(build.results).toBe(FAILURE);
    expect(await stateOf(world, build)).toBe(
      `revision ${missing} is not in ${repository.path}: was it pushed?`,
    );
    expect(await files(world)).toEqual(['a.txt']);
  });

  test('a branch that is not there is a clear failure', async () => {
    await using repository = await GitRepository.make();
    await using world = await worldFor(repository);
    const build = await world.build('linux', { stamp: { branch: 'nonesuch' } });
    expect(build.results).toBe(FAILURE);
    expect(await stateOf(world, build)).toBe(`branch nonesuch is not in ${repository.path}: was it pushed?`);
  });

  test('a server that does not answer is no failure of the source', async () => {
    await using world = await worldFor('/nonexistent/project.git', { retry: { attempts: 1, delay: 0 } });
    const build = await world.build('linux');
    expect(build.results).toBe(EXCEPTION);
    expect(await stateOf(world, build)).toBe('cannot fetch from /nonexistent/project.git');
    const log = (await world.logBytes(build.buildid, 0)).toString();
    expect(log.match(/\$ git fetch/g)).toHaveLength(2);
  });
});

describe('modes', () => {
  const base = { 'a.txt': 'one\n', '.gitignore': 'ignored\n' };
  test.each([
    [{ mode: 'full', method: 'clobber' }, []],
    [{ mode: 'full', method: 'fresh' }, []],
    [{ mode: 'full', method: 'clean' }, ['ignored']],
    [{ mode: 'full', method: 'copy' }, []],
    [{ mode: 'incremental' }, ['ignored', 'untracked']],
  ])('%j keeps %j of an earlier build', async (mode, kept) => {
    await using repository = await GitRepository.make(base);
    await using world = await worldFor(repository, mode);
    await world.build('linux');
    for (const name of ['ignored', 'untracked']) await writeFile(checkout(world, name), 'x');
    await writeFile(checkout(world, 'a.txt'), 'changed by a build\n');
    expect((await world.build('linux')).results).toBe(SUCCESS);
    expect(await files(world)).toEqual(['.gitignore', 'a.txt', ...kept].sort());
    expect(await readFile(checkout(world, 'a.txt'), 'utf8')).toBe('one\n');
  });

  test('shallow gets one commit of history, also of an older revision, and can be undone', async () => {
    await using repository = await GitRepository.make();
    const first = await repository.git('rev-parse', 'HEAD');
    for (const text of ['two\n', 'three\n']) await repository.commit({ 'a.txt': text });
    await using world = await worldFor(`file://${repository.path}`, { shallow: true });
    const build = await world.build('linux');
    expect(build.results).toBe(SUCCESS);
    expect(existsSync(checkout(world, '.git/shallow'))).toBe(true);
    // Only the whole history tells which commit a shortened id means.
    const short = { revision: first.slice(0, 12), branch: 'main' };
    expect(await gotRevision(world, await world.build('linux', { stamp: short }))).toBe(first);
  });

  test('submodules are checked out at the commits of the tree', async () => {
    await using library = await GitRepository.make({ 'lib.txt': 'lib\n' });
    await using repository = await GitRepository.make();
    await repository.git(
      '-c',
      'protocol.file.allow=always',
      'submodule',
      '--quiet',
      'add',
      library.path,
      'lib',
    );
    await repository.commit({});
    await library.commit({ 'lib.txt': 'newer\n' });
    await using world = await worldFor(repository, { submodules: true });
    expect((await world.build('linux')).results).toBe(SUCCESS);
    expect(await readFile(checkout(world, 'lib/lib.txt'), 'utf8')).toBe('lib\n');
    await writeFile(checkout(world, 'lib/junk'), 'x');
    expect((await world.build('linux')).results).toBe(SUCCESS);
    expect(existsSync(checkout(world, 'lib/junk'))).toBe(false);
  });
});

describe('nothing runs that was not asked for', () => {
  test('hooks that a build left behind do not run', async () => {
    await using repository = await GitRepository.make();
    await using world = await worldFor(repository);
    await world.build('linux');
    const canary = checkout(world, '..', 'canary');
    await mkdir(checkout(world, '.git/hooks'), { recursive: true });
    for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change']) {
      await writeFile(checkout(world, '.git/hooks', hook), `#!/bin/sh\ntouch ${canary}\n`, { mode: 0o755 });
    }
    await repository.commit({ 'a.txt': 'two\n' });
    expect((await world.build('linux')).results).toBe(SUCCESS);
    expect(existsSync(canary)).toBe(false);
  });

  test.each([
    { branch: '--upload-pack=touch canary;' },
    { branch: 'a b' },
    { revision: '--output=canary' },
    { revision: '$(touch canary)' },
    { revision: 'HEAD^{/x}' },
  ])('%j is refused before git sees it', async (stamp) => {
    await using repository = await GitRepository.make();
    await using world = await worldFor(repository);
    const build = await world.build('linux', { stamp });
    expect(build.results).toBe(EXCEPTION);
    expect(await stateOf(world, build)).toMatch(/is not the name of a git branch|is neither a git commit id/);
    expect(world.pool.asked).toEqual([]);
  });

  test('a repository made of a property is checked like any other', async () => {
    await using world = await worldFor('%(prop:from)s');
    const build = await world.build('linux', { properties: { from: ['ext::touch canary', 'try build'] } });
    expect(build.results).toBe(EXCEPTION);
    expect(await stateOf(world, build)).toContain('cannot be used');
    expect(world.pool.asked).toEqual([]);
  });

  test("a patch's submodule may not name a program", async () => {
    await using repository = await GitRepository.make();
    await using world = await worldFor(repository, { submodules: true });
    const canary = join(world.folder, 'canary');
    const commit = await repository.git('rev-parse', 'HEAD');
    await repository.write({ '.gitmodules': `[submodule "x"]\n\tpath = x\n\turl = ext::touch ${canary}\n` });
    await repository.git('add', '.gitmodules');
    await repository.git('update-index', '--add', '--cacheinfo', `160000,${commit},x`);
    const tree = await repository.git('write-tree');
    const body = new TextEncoder().encode(`${await repository.git('diff', '--cached', '--full-index')}\n`);
    await repository.git('reset', '--quiet', '--hard');
    const patch = { level: 1, subdir: '', author: 'mallory', comment: '', body, tree };
    const build = await world.build('linux', { stamp: { patch } });
    expect(build.results).toBe(EXCEPTION);
    expect((await world.logBytes(build.buildid, 0)).toString()).toContain("transport 'ext' not allowed");
    expect(existsSync(canary)).toBe(false);
  });
});
