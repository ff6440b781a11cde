/** The shims are only worth something if they do what they say to a real Node. */
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { end, run, start, until } from '../processes.ts';
import { failingDisk, shiftedClock, syncedDisk } from './shims.ts';

const DAY_MS = 86_400_000;

async function newFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'shim-')));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Calls the function of `node:fs` three times on a file and prints how each went. */
const threeTimes = (path: string, call: string) => `
  const fs = require('node:fs');
  const fd = fs.openSync(${JSON.stringify(path)}, 'w');
  const said = [1, 2, 3].map(() => { try { ${call}; return 'ok' } catch (error) { return error.code } });
  console.log(said.join(' '));`;

test.each([
  { kind: 'sync', call: 'fs.fsyncSync(fd)', error: 'EIO' },
  { kind: 'sync', call: 'fs.fdatasyncSync(fd)', error: 'EIO' },
  { kind: 'write', call: 'fs.writeSync(fd, "x")', error: 'ENOSPC' },
  { kind: 'write', call: 'fs.writeSync(fd, "x", 0)', error: 'ENOSPC' },
  { kind: 'write', call: 'fs.writevSync(fd, [Buffer.from("x"), Buffer.from("y")])', error: 'ENOSPC' },
  { kind: 'write', call: 'fs.writevSync(fd, [Buffer.from("x"), Buffer.from("y")], 5)', error: 'ENOSPC' },
] as const)('the second $call fails, and only that', async ({ kind, call, error }) => {
  const prefix = await newFolder();
  const disk = await failingDisk({ prefix, kind, nth: 2, error });
  const script = threeTimes(join(prefix, 'file'), call);
  const { stdout } = await run([process.execPath, '-e', script], { env: { ...process.env, ...disk.env } });
  expect(stdout).toBe(`ok ${error} ok\n`);
  expect(await disk.calls()).toBe(3);
  expect(await disk.failure()).toMatchObject({ path: join(prefix, 'file') });
});

test.each([
  { before: 'fs.writeSync(fd, "x")', nth: 1, wasWritten: true },
  { before: 'fs.writeSync(fd, "x"); fs.fdatasyncSync(fd)', nth: 2, wasWritten: false },
  { before: 'fs.writeSync(fs.openSync("other", "w"), "x")', nth: 1, wasWritten: false },
])(
  'of a sync that fails it is known whether it had anything to do: $before',
  async ({ before, nth, wasWritten }) => {
    const prefix = await newFolder();
    const disk = await failingDisk({ prefix, kind: 'sync', nth, error: 'EIO' });
    const script = `
    const fs = require('node:fs');
    process.chdir(${JSON.stringify(prefix)});
    const fd = fs.openSync('file', 'w');
    ${before};
    try { fs.fsyncSync(fd) } catch (error) { console.log(error.code) }`;
    const { stdout } = await run([process.execPath, '-e', script], { env: { ...process.env, ...disk.env } });
    expect(stdout).toBe('EIO\n');
    expect(await disk.failure()).toEqual({ path: join(prefix, 'file'), wasWritten });
  },
);

test('a disk that has failed may go on failing, and other folders are left alone', async () => {
  const prefix = await newFolder();
  const env = { ...process.env };
  const failing = await failingDisk({ prefix, kind: 'sync', nth: 2, error: 'EIO', repeat: 'always' });
  const here = threeTimes(join(prefix, 'file'), 'fs.fsyncSync(fd)');
  expect((await run([process.execPath, '-e', here], { env: { ...env, ...failing.env } })).stdout).toBe(
    'ok EIO EIO\n',
  );
  const elsewhere = threeTimes(join(await newFolder(), 'file'), 'fs.fsyncSync(fd)');
  expect((await run([process.execPath, '-e', elsewhere], { env: { ...env, ...failing.env } })).stdout).toBe(
    'ok ok ok\n',
  );
});

test('the wall clock jumps in the middle of a run, and the monotonic one does not', async () => {
  const clock = await shiftedClock(DAY_MS);
  const script = `setInterval(() => console.log(Date.now(), Math.round(performance.now())), 10);`;
  const program = start([process.execPath, '-e', script], { env: { ...process.env, ...clock.env } });
  onTestFinished(async () => void (await end(program, 'SIGKILL')));
  const look = () => {
    const [wall = 0, monotonic = 0] = (program.stdout().trim().split('\n').at(-1) ?? '')
      .split(' ')
      .map(Number);
    return { days: Math.round((wall - Date.now()) / DAY_MS), monotonic };
  };
  const first = await until('it is a day ahead', async () => (look().days === 1 ? look() : null));
  await clock.shift(-DAY_MS);
  const second = await until('it is a day behind', async () => (look().days === -1 ? look() : null));
  expect(second.monotonic - first.monotonic).toBeLessThan(60_000);
});

test('a power cut leaves the bytes of the last sync of a file, and the names of the last sync of its folder', async () => {
  const prefix = await newFolder();
  await writeFile(join(prefix, 'before'), 'was there');
  const disk = await syncedDisk(prefix);
  const script = `
    const fs = require('node:fs');
    process.chdir(${JSON.stringify(prefix)});
    const sync = (path) => { const fd = fs.openSync(path, 'r'); fs.fsyncSync(fd); fs.closeSync(fd); };
    fs.writeFileSync('synced', 'one');
    fs.writeFileSync('named', 'never synced');
    sync('synced');
    fs.mkdirSync('folder');
    fs.writeFileSync('folder/inner', 'inner');
    sync('folder/inner');
    sync('.');
    fs.appendFileSync('synced', ' two');
    fs.writeFileSync('late', 'late');
    sync('late');
    fs.renameSync('before', 'after');`;
  await run([process.execPath, '-e', script], { env: { ...process.env, ...disk.env } });
  const left = join(await newFolder(), 'left');
  await disk.rebuild(left);
  expect((await readdir(left, { recursive: true })).sort()).toEqual(['before', 'folder', 'named', 'synced']);
  const text = (name: string) => readFile(join(left, name), 'utf8');
  expect([await text('before'), await text('named'), await text('synced')]).toEqual(['was there', '', 'one']);
});
