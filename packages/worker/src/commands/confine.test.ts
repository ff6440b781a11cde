import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { confine } from './confine.ts';

let world: string;
let root: string;

beforeEach(() => {
  world = realpathSync(mkdtempSync(join(tmpdir(), 'confine-')));
  root = join(world, 'builds');
  mkdirSync(join(root, 'linux/build/src'), { recursive: true });
  mkdirSync(join(world, 'outside'));
});

afterEach(() => rmSync(world, { recursive: true, force: true }));

test.each([
  ['linux', '', 'linux'],
  ['linux', 'build', 'linux/build'],
  ['linux', 'build/src/../new/deep', 'linux/build/new/deep'],
  ['not/yet', 'there', 'not/yet/there'],
])('%s + %j is below the folder of builds', async (builddir, path, expected) => {
  expect(await confine(root, builddir, path)).toEqual({ path: join(root, expected) });
});

test.each(['', '.', '..', '../outside', 'linux/../..'])('%j is no folder of a build', async (builddir) => {
  expect(await confine(root, builddir, 'x')).toHaveProperty('problem');
});

test('a link on the way out is refused, a link at the end is the thing itself', async () => {
  symlinkSync(join(world, 'outside'), join(root, 'linux/build/escape'));
  symlinkSync('/', join(root, 'hostile'));
  expect(await confine(root, 'linux', 'build/escape/x')).toHaveProperty('problem');
  expect(await confine(root, 'hostile', 'etc')).toHaveProperty('problem');
  expect(await confine(root, 'hostile', '')).toHaveProperty('problem');
  expect(await confine(root, 'linux', 'build/escape')).toEqual({ path: join(root, 'linux/build/escape') });
});

test('another build of the same worker is outside', async () => {
  mkdirSync(join(root, 'other'));
  symlinkSync('../../other', join(root, 'linux/build/neighbour'));
  expect(await confine(root, 'linux', 'build/neighbour/file')).toHaveProperty('problem');
});

test('an administrator may put the folder of builds behind a link', async () => {
  symlinkSync(root, join(world, 'linked'));
  expect(await confine(join(world, 'linked'), 'linux', 'build')).toEqual({ path: join(root, 'linux/build') });
});
