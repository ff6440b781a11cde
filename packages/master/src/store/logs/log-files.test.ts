import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { compress } from './compression.ts';
import { LogFiles } from './log-files.ts';

async function newFiles(): Promise<{ files: LogFiles; root: string }> {
  const root = await mkdtemp(join(tmpdir(), 'log-files-'));
  const files = new LogFiles(root);
  onTestFinished(async () => {
    await files.close();
    await rm(root, { recursive: true });
  });
  return { files, root };
}

async function openHandles(root: string): Promise<number> {
  const { readlink } = await import('node:fs/promises');
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith(root)).length;
}

test('are spread over folders of a thousand', async () => {
  const { files, root } = await newFiles();
  expect(files.path(999)).toBe(join(root, '0', '999.log'));
  expect(files.path(1_234_567)).toBe(join(root, '1234', '1234567.log'));
});

test('are open only up to a bound, and go on where they were when they are opened again', async () => {
  const { files, root } = await newFiles();
  const raw = Buffer.from('x\n');
  const piece = {
    logId: 1,
    length: 2,
    newlines: 1,
    runs: [['o', 2]] as ['o', number][],
    payload: await compress(raw),
  };
  const lengths = new Map<number, number>();
  for (let round = 0; round < 2; round++) {
    for (let buildId = 1; buildId <= 150; buildId++) {
      await files.exclusive(buildId, async (file) => {
        const appended = await file.append(lengths.get(buildId) ?? 0, [piece]);
        file.publish(appended);
        lengths.set(buildId, appended.length);
      });
    }
    expect(await openHandles(root)).toBeLessThanOrEqual(64);
  }
  for (const [buildId, length] of lengths) {
    const end = await files.using(buildId, async (file) => (await file.index(length)).end(1));
    expect(end).toEqual({ bytes: 4, newlines: 2 });
  }
});

test('can be taken together in any order without a deadlock', async () => {
  const { files } = await newFiles();
  const order: string[] = [];
  await Promise.all(
    [[1, 2], [2, 1], [3, 2, 1, 3], [1]].map((ids) =>
      files.exclusiveAll(ids, async () => order.push(ids.join())),
    ),
  );
  expect(order.sort()).toEqual(['1', '1,2', '2,1', '3,2,1,3']);
});

test('can be removed while somebody reads, who goes on', async () => {
  const { files, root } = await newFiles();
  const raw = Buffer.from('x\n');
  const file = files.hold(7);
  const piece = {
    logId: 1,
    length: 2,
    newlines: 1,
    runs: [['o', 2]] as ['o', number][],
    payload: await compress(raw),
  };
  const appended = await file.append(0, [piece]);
  file.publish(appended);
  await files.remove(7);
  const [chunk] = (await file.index(appended.length)).chunks(1);
  expect(chunk && (await file.content(chunk)).bytes.toString()).toBe('x\n');
  await files.letGo(file);
  expect(await openHandles(root)).toBe(0);
});
