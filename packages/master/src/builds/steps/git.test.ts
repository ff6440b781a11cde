import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildResource, EXCEPTION, FAILURE, SUCCESS } from '@buildbot/shared';
import { describe, expect, test } from 'vitest';
import { BuildWorld } from '../../testing/build-world.ts';
import { GitRepository } from '../../testing/git-repository.ts';

type Options = Record<string, unknown>;

async function worldFor(repository: GitRepository | string, options: Options = {}): Promise<BuildWorld> {
  const url = typeof repository === 'string' ? repository : repository.path;
  const step = { type: 'git', repository: url, branch: 'main', mode: 'full', method: 'fresh', ...options };
  const config = {
    workers: [{ name: 'w1', password: 'x' }],
    builders: [{ name: 'linux', workers: ['w1'], steps: [step] }],
  };
  return await BuildWorld.make({ config });
}

const checkout = (world: BuildWorld, ...path: string[]): string =>
  join(world.root('w1'), 'linux', 'build', ...path);

async function gotRevision(world: BuildWorld, build: BuildResource): Promise<unknown> {
  return (await world.store.buildProperties(build.buildid)).got_revision?.[0];
}

async function stateOf(world: BuildWorld, build: BuildResource): Promise<string | undefined> {
  return (await world.steps(build.buildid))[0]?.state_string;
}

/** Files of the checkout, without git's own. */
async function files(world: BuildWorld): Promise<string[]> {
  return (await readdir(checkout(world))).filter((name) => name !== '.git').sort();
}

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

describe('a work tree left broken gives the right commit all the same', () => {
  const wrecks: Record<string, (top: string) => Promise<unknown>> = {
    'a lock of a git that was killed': (top) => writeFile(join(top, '.git/index.lock'), ''),
    'a lock on a ref': (top) => writeFile(join(top, '.git/HEAD.lock'), ''),
    'half a clone': (top) => rm(join(top, '.git/objects'), { recursive: true }),
    'no HEAD': (top) => rm(join(top, '.git/HEAD')),
    'a broken index': (top) => writeFile(join(top, '.git/index'), 'garbage'),
    'a broken configuration': (top) => writeFile(join(top, '.git/config'), '[[[['),
    'no repository at all': (top) => rm(join(top, '.git'), { recursive: true }),
    'a file in place of the repository': async (top) => {
      await rm(join(top, '.git'), { recursive: true });
      await writeFile(join(top, '.git'), 'gitdir: /nonexistent\n');
    },
    'a repository in a sub-folder': (top) => mkdir(join(top, 'sub/.git'), { recursive: true }),
    'a file in place of the folder': async (top) => {
      await rm(top, { recursive: true });
      await writeFile(top, 'x');
    },
    'changes in the index': (top) => writeFile(join(top, 'a.txt'), 'staged\n'),
    'read-only files': (top) => chmod(join(top, 'a.txt'), 0o400),
  };

  test.each(Object.keys(wrecks))('%s', async (name) => {
    await using repository = await GitRepository.make();
    await using world = await worldFor(repository);
    await world.build('linux');
    const commit = await repository.commit({ 'a.txt': 'two\n' });
    await wrecks[name]?.(checkout(world));
    const build = await world.build('linux');
    expect(await stateOf(world, build)).toBe(`checked out ${commit.slice(0, 12)}`);
    expect(await files(world)).toEqual(['a.txt']);
    expect(await readFile(checkout(world, 'a.txt'), 'utf8')).toBe('two\n');
  });

  test('a checkout of another repository', async () => {
    await using repository = await GitRepository.make({ 'other.txt': 'x\n' });
    await using wanted = await GitRepository.make();
    const config = {
      workers: [{ name: 'w1', password: 'x' }],
      builders: [{ name: 'linux', workers: ['w1'], steps: [{ type: 'git', repository: '%(prop:from)s' }] }],
    };
    await using world = await BuildWorld.make({ config });
    await world.build('linux', { properties: { from: [repository.path, 'test'] } });
    await world.build('linux', { properties: { from: [wanted.path, 'test'] } });
    expect(await files(world)).toEqual(['a.txt']);
    expect(await readFile(checkout(world, '.git/config'), 'utf8')).toContain(`url = ${wanted.path}`);
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
