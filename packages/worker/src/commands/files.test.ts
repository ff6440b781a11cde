import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from '@buildbot/shared';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { runCopy } from './copy.ts';
import type { Order } from './order.ts';
import { runRemove } from './remove.ts';
import { runStat } from './stat.ts';

let root: string;
let inBuild: (path: string) => string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'files-'));
  inBuild = (path) => join(root, 'b', path);
  mkdirSync(inBuild('src/deep'), { recursive: true });
  writeFileSync(inBuild('src/deep/file'), 'content');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const deps = () => ({ buildsFolder: root, clock: systemClock });
const order = <C extends Command>(command: C, signal = new AbortController().signal): Order<C> => ({
  key: '1.1.1.1',
  command,
  signal,
  started: () => undefined,
});
const remove = (path: string) => runRemove(deps(), order({ kind: 'remove', builddir: 'b', path }));
const copy = (from: string, to: string) => runCopy(deps(), order({ kind: 'copy', builddir: 'b', from, to }));
const stat = (path: string) => runStat(deps(), order({ kind: 'stat', builddir: 'b', path }));

test('remove takes a tree away, and a second time is fine', async () => {
  expect(await remove('src')).toMatchObject({ status: 'exited', code: 0 });
  expect(existsSync(inBuild('src'))).toBe(false);
  expect(await remove('src')).toMatchObject({ status: 'exited', code: 0 });
});

test('remove takes a link away and leaves what it leads to', async () => {
  symlinkSync(inBuild('src'), inBuild('link'));
  await remove('link');
  expect(existsSync(inBuild('link'))).toBe(false);
  expect(existsSync(inBuild('src/deep/file'))).toBe(true);
});

test('remove takes read-only folders away', async () => {
  chmodSync(inBuild('src/deep'), 0o500);
  expect(await remove('src')).toMatchObject({ status: 'exited', code: 0 });
});

test('copy replaces its destination and keeps links as they are', async () => {
  symlinkSync('deep/file', inBuild('src/link'));
  mkdirSync(inBuild('to'));
  writeFileSync(inBuild('to/old'), 'old');
  expect(await copy('src', 'to')).toMatchObject({ status: 'exited', code: 0 });
  expect(readFileSync(inBuild('to/deep/file'), 'utf8')).toBe('content');
  expect(readlinkSync(inBuild('to/link'))).toBe('deep/file');
  expect(existsSync(inBuild('to/old'))).toBe(false);
});

test('copy into itself, over its own parent or from nowhere fails and says why', async () => {
  expect(await copy('src', 'src/inner')).toMatchObject({
    status: 'failed',
    reason: expect.stringContaining('src'),
  });
  expect(await copy('src/deep', 'src')).toMatchObject({
    status: 'failed',
    reason: expect.stringContaining('holds'),
  });
  expect(await copy('nowhere', 'to')).toMatchObject({
    status: 'failed',
    reason: expect.stringContaining('ENOENT'),
  });
  expect(readFileSync(inBuild('src/deep/file'), 'utf8')).toBe('content');
});

test('a copy that is stopped says by what', async () => {
  const outcome = await runCopy(
    deps(),
    order({ kind: 'copy', builddir: 'b', from: 'src', to: 'to' }, AbortSignal.abort('stopped')),
  );
  expect(outcome).toMatchObject({ status: 'exited', code: null, cause: 'stopped' });
});

test('stat tells folder, file, link and nothing apart', async () => {
  symlinkSync('/etc', inBuild('link'));
  const text = async (path: string) =>
    stat(path).then((outcome) => (outcome.status === 'exited' ? outcome.text : outcome));
  expect(await text('src')).toBe('dir');
  expect(await text('src/deep/file')).toBe('file');
  expect(await text('link')).toBe('file');
  expect(await text('nowhere/at/all')).toBe('none');
  expect(await text('src/deep/file/below')).toBe('none');
});

test('a path that leads out of the build is refused by every command', async () => {
  symlinkSync('/etc', inBuild('link'));
  for (const outcome of [
    await remove('link/passwd'),
    await copy('link/passwd', 'x'),
    await stat('link/passwd'),
  ]) {
    expect(outcome).toMatchObject({
      status: 'failed',
      infrastructure: false,
      reason: expect.stringContaining('leads out'),
    });
  }
  expect(existsSync('/etc/passwd')).toBe(true);
});
