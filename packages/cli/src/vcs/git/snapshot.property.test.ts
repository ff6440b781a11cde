/** Whatever is done to a working copy, in whatever order, the tree that arrives is the tree that is there. */

import { lstatSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { filesOnDisk } from '../../../../../test/support/working-copies/disk.ts';
import { checkOutElsewhere } from '../../../../../test/support/working-copies/elsewhere.ts';
import {
  binary,
  clonedScene,
  lines,
  type Scene,
  sceneEnvironment,
} from '../../../../../test/support/working-copies/scene.ts';
import { createGitVcs } from './git.ts';

/** Few names that get in each other's way: files, folders of the same names, and odd ones. */
const NAMES = [
  'README.md',
  'src/main.c',
  'src',
  'src/deep',
  'link',
  'link/x',
  'a b',
  'a b/c',
  'caf\u00e9',
  'q"\n',
];
const CONTENTS: readonly (string | Uint8Array)[] = [
  '',
  'short',
  lines(41, 'main'),
  lines(40, 'main'),
  'x\r\n',
  binary(500),
];

const name = fc.constantFrom(...NAMES);
const edit = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), name, content: fc.constantFrom(...CONTENTS) }),
  fc.record({ kind: fc.constant('remove' as const), name }),
  fc.record({
    kind: fc.constant('link' as const),
    name,
    target: fc.constantFrom('README.md', 'src', 'nowhere'),
  }),
  fc.record({ kind: fc.constant('move' as const), name, to: name }),
  fc.record({ kind: fc.constant('mode' as const), name, mode: fc.constantFrom(0o644, 0o755) }),
  fc.record({
    kind: fc.constant('git' as const),
    name,
    verb: fc.constantFrom('add', 'add -N', 'rm --cached -r', 'commit', 'push'),
  }),
);

type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

/** An edit that the state of things does not allow (removing what is not there) is no edit. */
function attempt(scene: Scene, edit: Edit): void {
  try {
    perform(scene, edit);
  } catch (error) {
    if (!(error instanceof Error && ('syscall' in error || 'status' in error))) throw error;
  }
}

function perform(scene: Scene, edit: Edit): void {
  switch (edit.kind) {
    case 'write':
      makeWay(scene, edit.name);
      scene.write(edit.name, edit.content);
      break;
    case 'remove':
      scene.remove(edit.name);
      break;
    case 'link':
      makeWay(scene, edit.name);
      scene.link(edit.target, edit.name);
      break;
    case 'move':
      scene.move(edit.name, edit.to);
      break;
    case 'mode':
      scene.mode(edit.name, edit.mode);
      break;
    case 'git':
      performGit(scene, edit.verb, edit.name);
  }
}

/** Takes away what is there, and a file or link where a folder must be. */
function makeWay(scene: Scene, path: string): void {
  const above = join(scene.work, dirname(path));
  if (lstatSync(above, { throwIfNoEntry: false })?.isDirectory() === false) rmSync(above);
  rmSync(join(scene.work, path), { recursive: true, force: true });
}

function performGit(scene: Scene, verb: string, path: string): void {
  if (verb === 'commit') scene.git('commit', '-q', '-m', 'some');
  else if (verb === 'push') scene.git('push', '-q');
  else scene.git(...verb.split(' '), '--', path);
}

test('the same tree arrives after any sequence of edits', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 12 }), async (edits) => {
      const dir = mkdtempSync(join(tmpdir(), 'buildbot-edits-'));
      try {
        const scene = clonedScene(dir);
        mkdirSync(join(dir, 'tmp'));
        for (const one of edits) attempt(scene, one);
        const git = createGitVcs({ env: sceneEnvironment(dir), tmpdir: join(dir, 'tmp') });
        const outcome = await git.snapshot({ dir: scene.work });
        if (!outcome.ok) throw new Error(outcome.reason);
        const elsewhere = checkOutElsewhere({ dir, remote: scene.remote, sent: outcome.snapshot });
        expect(elsewhere.tree).toBe(outcome.snapshot.tree);
        const options = { skip: new Set<string>() };
        expect(filesOnDisk(elsewhere.folder, options)).toEqual(filesOnDisk(scene.work, options));
      } finally {
        rmSync(dir, { recursive: true });
      }
    }),
    { numRuns: 25 },
  );
});
