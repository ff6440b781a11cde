/** What a snapshot tells besides the tree, which is the matter of the state tables. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  binary,
  clonedScene,
  lines,
  type Scene,
  sceneEnvironment,
} from '../../../../../test/support/working-copies/scene.ts';
import type { Snapshot, SnapshotOptions, VcsDeps } from '../port.ts';
import { createGitVcs } from './git.ts';

let scene: Scene;
let deps: VcsDeps;

beforeEach(() => {
  const dir = mkdtempSync(join(tmpdir(), 'buildbot-snapshot-'));
  scene = clonedScene(dir);
  mkdirSync(join(dir, 'tmp'));
  deps = { env: sceneEnvironment(dir), tmpdir: join(dir, 'tmp') };
});

afterEach(() => {
  rmSync(scene.dir, { recursive: true });
});

async function snapshot(options: Partial<SnapshotOptions> = {}): Promise<Snapshot> {
  const outcome = await createGitVcs(deps).snapshot({ dir: scene.work, ...options });
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.snapshot;
}

function push(branch: string, ...files: readonly string[]): string {
  for (const file of files) scene.write(file, `${file}\n`);
  scene.commit(branch);
  scene.git('push', '-q', 'origin', `HEAD:refs/heads/${branch}`);
  return scene.git('rev-parse', 'HEAD');
}

test('names FIFOs that are left out, unless a rule ignores them', async () => {
  scene.write('.gitignore', '*.pipe\nbuilt/\n');
  scene.write('built/x', '');
  const names = ['here', 'src/there', 'an.pipe', 'built/one'];
  execFileSync(
    'mkfifo',
    names.map((name) => join(scene.work, name)),
  );
  const special = (taken: Snapshot) => taken.leftOut.filter(({ why }) => why === 'special-file');
  expect(special(await snapshot())).toEqual([
    { why: 'special-file', count: 2, paths: ['here', 'src/there'] },
  ]);
  expect(special(await snapshot({ untracked: false }))).toEqual([]);
});

describe('the list of files', () => {
  test('says of each how it changed, what kind it is and how large', async () => {
    scene.write('src/main.c', 'edited\n');
    scene.write('new ä.txt', '12345');
    scene.write('new.bin', binary(3000));
    scene.write('planned.txt', '');
    scene.git('add', '-N', 'planned.txt');
    scene.remove('src/deep');
    scene.move('src/lib.c', 'lib.c');
    scene.mode('README.md', 0o755);
    const { files, stats, patch } = await snapshot();
    const shown = files.map(({ path, from, change, ...rest }) => [
      change,
      from ?? '',
      path,
      ...Object.values(rest),
    ]);
    expect(shown.sort((a, b) => (String(a[2]) < String(b[2]) ? -1 : 1))).toEqual([
      ['~', '', 'README.md', false, false, Buffer.byteLength(lines(20, 'readme'))],
      ['→', 'src/lib.c', 'lib.c', false, true, Buffer.byteLength(lines(30, 'lib'))],
      ['+', '', 'new ä.txt', false, true, 5],
      ['+', '', 'new.bin', true, true, 3000],
      ['+', '', 'planned.txt', false, false, 0],
      ['-', '', 'src/deep/er/leaf.c', false, false, 0],
      ['~', '', 'src/main.c', false, false, 7],
    ]);
    expect(stats).toEqual({ files: 7, untracked: 3, binary: 1, patchBytes: patch?.length });
  });

  test('is empty, and the patch null, when nothing differs from the base', async () => {
    expect(await snapshot()).toMatchObject({ files: [], patch: null, leftOut: [], unpushedCommits: 0 });
  });

  test('names some of what is left out and counts the rest', async () => {
    for (let number = 0; number < 25; number += 1) scene.write(`new-${number}`, 'x');
    scene.write('noise.log', 'x');
    scene.write('build/a/b', 'x');
    const { leftOut } = await snapshot({ untracked: false });
    expect(leftOut.map(({ why, count, paths }) => [why, count, paths.length])).toEqual([
      ['ignored', 2, 2],
      ['untracked', 25, 20],
    ]);
    expect(leftOut[0]?.paths).toEqual(['build/', 'noise.log']);
  });
});

test('a large file that was moved costs a few lines', async () => {
  scene.move('data/logo.bin', 'logo.bin');
  expect((await snapshot()).stats.patchBytes).toBeLessThan(200);
});

describe('the base', () => {
  test('is the upstream’s commit, with its branch and repository', async () => {
    const base = scene.git('rev-parse', 'HEAD');
    scene.commit('one');
    scene.commit('two');
    expect(await snapshot()).toMatchObject({
      vcs: 'git',
      topdir: scene.work,
      baseRevision: base,
      branch: 'main',
      repository: scene.remote,
      unpushedCommits: 2,
    });
  });

  test('is the upstream’s even if another branch is nearer', async () => {
    const base = scene.git('rev-parse', 'HEAD');
    push('nearer', 'pushed.txt');
    expect(await snapshot()).toMatchObject({ baseRevision: base, branch: 'main', unpushedCommits: 1 });
  });

  test('without upstream is the nearest pushed commit, on the branch of the same name if that has it', async () => {
    scene.git('switch', '-q', '--no-track', '-c', 'feature');
    const base = push('feature', 'pushed.txt');
    scene.git('push', '-q', 'origin', 'HEAD:refs/heads/another');
    scene.commit('local');
    expect(await snapshot()).toMatchObject({ baseRevision: base, branch: 'feature', unpushedCommits: 1 });
  });

  test('without upstream is on the remote’s main branch rather than on any other', async () => {
    scene.git('push', '-q', 'origin', 'HEAD:refs/heads/aaa', 'HEAD:refs/heads/zzz');
    scene.git('checkout', '-q', '--detach');
    expect(await snapshot()).toMatchObject({ branch: 'main', unpushedCommits: 0 });
  });

  test('after several merges is the newest of the commits in common', async () => {
    scene.git('switch', '-q', '-c', 'theirs');
    scene.commit('theirs 1');
    scene.git('push', '-q', 'origin', 'theirs:main');
    scene.git('switch', '-q', 'main');
    scene.commit('mine 1');
    scene.git('merge', '-q', '-m', 'merge 1', 'theirs');
    scene.git('switch', '-q', 'theirs');
    scene.commit('theirs 2');
    scene.git('push', '-q', 'origin', 'theirs:main');
    const newest = scene.git('rev-parse', 'theirs');
    scene.git('switch', '-q', 'main');
    scene.git('merge', '-q', '-m', 'merge 2', 'theirs');
    expect(await snapshot()).toMatchObject({ baseRevision: newest, unpushedCommits: 3 });
  });

  test('is on the branch that the user names, with or without the remote’s name', async () => {
    const base = push('release/1', 'released.txt');
    scene.commit('local');
    for (const branch of ['release/1', 'origin/release/1']) {
      expect(await snapshot({ branch })).toMatchObject({
        baseRevision: base,
        branch: 'release/1',
        unpushedCommits: 1,
      });
    }
  });

  test('is the revision that the user gives', async () => {
    const base = scene.git('rev-parse', 'HEAD~1');
    expect(await snapshot({ baseRevision: 'HEAD~1' })).toMatchObject({
      baseRevision: base,
      branch: 'main',
      unpushedCommits: 1,
    });
    expect(await snapshot({ baseRevision: base.slice(0, 10), branch: 'other' })).toMatchObject({
      baseRevision: base,
      branch: 'other',
    });
  });

  test('is HEAD when the master clones this very working copy', async () => {
    scene.commit('local');
    const base = scene.git('rev-parse', 'HEAD');
    expect(await snapshot({ historyFrom: 'here' })).toMatchObject({
      baseRevision: base,
      branch: 'main',
      unpushedCommits: 0,
    });
  });

  test('tells no password, and the repository that the user gives instead', async () => {
    scene.git('config', 'remote.origin.url', 'https://dev:secret@example.org/x.git');
    expect((await snapshot()).repository).toBe('https://example.org/x.git');
    expect((await snapshot({ repository: 'https://mirror/x' })).repository).toBe('https://mirror/x');
  });
});

describe('a snapshot that does not come to its end', () => {
  test('leaves nothing behind when it is interrupted', async () => {
    scene.write('src/main.c', 'edited\n');
    const controller = new AbortController();
    const running = snapshot({ signal: controller.signal });
    controller.abort(new Error('interrupted'));
    await expect(running).rejects.toThrow('interrupted');
    expect(readdirSync(deps.tmpdir)).toEqual([]);
  });

  test('is an error with git’s own words when git breaks', async () => {
    scene.write('.git/index', 'garbage');
    await expect(snapshot()).rejects.toThrow(/^git [a-z-]+: ended with exit status 128: .*index file/s);
    expect(readdirSync(deps.tmpdir)).toEqual([]);
  });
});

test('the working copy is found from any folder below, and from none outside', async () => {
  const git = createGitVcs(deps);
  expect(await git.detect(join(scene.work, 'src/deep'))).toEqual({
    ok: true,
    vcs: 'git',
    topdir: scene.work,
  });
  expect(await git.detect(scene.dir)).toBeNull();
  expect(await git.detect(scene.remote)).toMatchObject({ ok: false });
});
