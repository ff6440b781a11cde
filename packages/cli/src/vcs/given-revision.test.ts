import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clonedScene, type Scene, sceneEnvironment } from '../../../../test/support/working-copies/scene.ts';
import { resolveGivenRevision } from './given-revision.ts';
import { knownVcs } from './known.ts';
import type { RevisionOutcome } from './port.ts';

let scene: Scene;
let head: string;

beforeEach(() => {
  scene = clonedScene(mkdtempSync(join(tmpdir(), 'buildbot-revision-')));
  mkdirSync(join(scene.dir, 'elsewhere'));
  head = scene.git('rev-parse', 'HEAD');
});
afterEach(() => rmSync(scene.dir, { recursive: true }));

function resolve(name: string, dir = scene.work): Promise<RevisionOutcome> {
  const systems = knownVcs({ env: sceneEnvironment(scene.dir), tmpdir: scene.dir });
  return resolveGivenRevision(systems, dir, name);
}

test('the names that this working copy knows become full ids', async () => {
  scene.commit('second');
  scene.git('tag', '-a', '-m', 'a tag', 'v1', 'HEAD~1');
  for (const name of [
    'origin/main',
    'v1',
    'HEAD~1',
    'main@{1}',
    head.slice(0, 10),
    'refs/remotes/origin/main',
  ])
    expect([name, await resolve(name)]).toEqual([name, { ok: true, revision: head }]);
});

test('a full id is taken as it is, known here or not, in a working copy or not', async () => {
  for (const id of ['a'.repeat(40), 'B'.repeat(64)])
    expect(await resolve(id, join(scene.dir, 'elsewhere'))).toEqual({ ok: true, revision: id.toLowerCase() });
});

test.each([
  'origin/nowhere',
  'HEAD~99',
  '',
  '-x',
  '--all',
  'HEAD:README.md',
  'a\nb',
  'deadbeef',
  'HEAD^{tree}',
])('what names no commit is refused: %j', async (name) => {
  expect(await resolve(name)).toMatchObject({
    ok: false,
    reason: expect.stringContaining(JSON.stringify(name)),
    hint: expect.stringContaining('--baserev'),
  });
});

test('a name that cannot be looked up is refused with both ways out', async () => {
  expect(await resolve('1b9d7a7', join(scene.dir, 'elsewhere'))).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/"1b9d7a7" is no full commit id.*in no working copy of git/),
    hint: expect.stringMatching(/40 \(or 64\) digits.*working copy/),
  });
});
