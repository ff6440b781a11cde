import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { PatchFiles } from './patch-files.ts';

const BODY = Buffer.from('a patch');
const SHA256 = createHash('sha256').update(BODY).digest('hex');
const STAMP = { codebase: '', repository: '', project: '', branch: null, revision: null };
const PATCHED = {
  ...STAMP,
  patch: { level: 1, subdir: '', author: '', comment: '', tree: null, body: BODY },
};

async function setup() {
  const folder = await mkdtemp(join(tmpdir(), 'patches-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const root = join(folder, 'patches');
  return { root, patches: new PatchFiles(root) };
}

test('is on disk, for its owner only, before anybody works with it', async () => {
  const { root, patches } = await setup();
  await patches.withPatches([PATCHED, { ...STAMP, patch: null }], async (stamps) => {
    expect(stamps.map(({ patch }) => patch?.sha256)).toEqual([SHA256, undefined]);
    expect(stamps[0]?.patch).not.toHaveProperty('body');
    expect((await stat(join(root, SHA256))).mode & 0o777).toBe(0o600);
  });
  expect(await readdir(root)).toEqual([SHA256]);
  expect(await patches.read(SHA256)).toEqual(BODY);
  expect(await patches.read('0'.repeat(64))).toBeNull();
});

test('is held while it is being added, by each who adds it', async () => {
  const { patches } = await setup();
  await patches.withPatches([PATCHED], async () => {
    await patches.withPatches([PATCHED], async () => {});
    expect(patches.isHeld(SHA256)).toBe(true);
  });
  expect(patches.isHeld(SHA256)).toBe(false);
  await expect(patches.withPatches([PATCHED], () => Promise.reject(new Error('refused')))).rejects.toThrow(
    'refused',
  );
  expect(patches.isHeld(SHA256)).toBe(false);
});

test('is written again when a crash left another size under its name', async () => {
  const { root, patches } = await setup();
  await patches.withPatches([PATCHED], async () => {});
  await writeFile(join(root, SHA256), 'cut');
  await patches.withPatches([PATCHED], async () => {});
  expect(await patches.read(SHA256)).toEqual(BODY);
});
