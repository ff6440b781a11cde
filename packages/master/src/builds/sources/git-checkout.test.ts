import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { BuildWorld } from '../../testing/build-world.ts';
import { GitRepository } from '../../testing/git-repository.ts';
import { checkout, files, stateOf, worldFor } from '../../testing/git-world.ts';

const run = promisify(execFile);

describe('row 42: a work tree left broken gives the right commit all the same', () => {
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
    'a read-only folder': (top) => chmod(top, 0o500),
    'a read-only repository': (top) => run('chmod', ['-R', 'a-w', join(top, '.git')]),
    'damaged objects': async (top) => {
      const objects = (await readdir(join(top, '.git/objects'), { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
      for (const object of objects) {
        await chmod(object, 0o600);
        await writeFile(object, 'garbage');
      }
    },
    'a HEAD that names what is not there': (top) => writeFile(join(top, '.git/HEAD'), `${'1'.repeat(40)}\n`),
    'a merge that was not finished': (top) => writeFile(join(top, '.git/MERGE_HEAD'), `${'1'.repeat(40)}\n`),
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

  // Only root can give files away; git refuses to work where they are somebody else's.
  test.skipIf(process.getuid?.() !== 0 && process.env.CI !== 'true')('files of another owner', async () => {
    await using repository = await GitRepository.make();
    await using world = await worldFor(repository);
    await world.build('linux');
    const commit = await repository.commit({ 'a.txt': 'two\n' });
    await run('chown', ['-R', '65534:65534', checkout(world)]);
    const build = await world.build('linux');
    expect(await stateOf(world, build)).toBe(`checked out ${commit.slice(0, 12)}`);
    expect(await readFile(checkout(world, 'a.txt'), 'utf8')).toBe('two\n');
  });

  test.each(['--assume-unchanged', '--skip-worktree'])('a change that the index hides (%s)', async (how) => {
    await using repository = await GitRepository.make({ 'a.txt': 'one\n', 'same.txt': 'same\n' });
    await using world = await worldFor(repository);
    await world.build('linux');
    await repository.commit({ 'a.txt': 'two\n' });
    await run('git', ['-C', checkout(world), 'update-index', how, 'same.txt']);
    await writeFile(checkout(world, 'same.txt'), 'other\n');
    await world.build('linux');
    expect(await readFile(checkout(world, 'a.txt'), 'utf8')).toBe('two\n');
    expect(await readFile(checkout(world, 'same.txt'), 'utf8')).toBe('same\n');
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
