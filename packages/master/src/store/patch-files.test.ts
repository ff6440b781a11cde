import { createHash } from 'node:crypto';
import { mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
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
  const failed: unknown[] = [];
  const fail = (error: unknown): Error => {
    failed.push(error);
    return new Error('the disk failed');
  };
  return { root, failed, patches: new PatchFiles(root, fail) };
}

/** All syncs of this process, of which a test lets some fail. */
async function syncs(root: string) {
  await using handle = await open(join(root, '..'), 'r');
  const spy = vi.spyOn(Object.getPrototypeOf(handle) as typeof handle, 'sync');
  onTestFinished(() => spy.mockRestore());
  return spy;
}

const lost = (): Promise<void> => Promise.reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));

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

test.each([
  ['the file', 1],
  ['the folder', 2],
])('row 20: a failed sync of %s is a failure of the disk, and nobody goes on', async (_what, nth) => {
  const { root, failed, patches } = await setup();
  const sync = await syncs(root);
  if (nth === 2) sync.mockResolvedValueOnce();
  sync.mockImplementationOnce(lost);
  const work = vi.fn(async () => {});
  const both = [patches.withPatches([PATCHED], work), patches.withPatches([PATCHED], work)];
  for (const one of both) await expect(one).rejects.toThrow('the disk failed');
  expect(failed).toHaveLength(1);
  expect(work).not.toHaveBeenCalled();
});

test('row 20: what is there already counts only once its folder is synced', async () => {
  const { root, patches } = await setup();
  await patches.withPatches([PATCHED], async () => {});
  const sync = await syncs(root);
  await patches.withPatches([PATCHED], async () => {});
  expect(sync).toHaveBeenCalledOnce();
});

test('a second one with the same content waits until the first has put it on disk', async () => {
  const { root, patches } = await setup();
  const held = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const sync = await syncs(root);
  sync.mockResolvedValueOnce().mockImplementationOnce(() => {
    reached.resolve();
    return held.promise;
  });
  const done: string[] = [];
  const first = patches.withPatches([PATCHED], async () => void done.push('first'));
  await reached.promise;
  const second = patches.withPatches([PATCHED], async () => void done.push('second'));
  // Far enough for a look at the file, which is there.
  await stat(join(root, SHA256));
  expect(done).toEqual([]);
  held.resolve();
  await Promise.all([first, second]);
  expect(done).toEqual(['first', 'second']);
});
