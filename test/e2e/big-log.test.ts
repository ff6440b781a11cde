/**
 * A log many times larger than what any of the processes on its way may hold, with everybody slow in turn: a master that
 * stands still while the command prints, a reader that stands still while another one reads. Whoever buffered without a
 * bound would hold the log; the bounds here lie 150 MB above what is taken and 100 MB below what that would be.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { peakMemory, processesWith } from '../support/memory.ts';
import { type Program, program, until } from '../support/processes.ts';
import { createWorld, type World } from '../support/world.ts';

const MEGABYTES = 300;
const BOUND_MB = 290;

/** Prints a file of noise over and over, each time with its number at the beginning: nothing to compress. */
const PRINTER = `
const { readFileSync, writeSync } = require('node:fs');
const block = readFileSync(process.argv[2]);
for (let number = 0; number < ${MEGABYTES}; number++) {
  block.writeUInt32LE(number);
  for (let at = 0; at < block.length; ) at += writeSync(1, block, at);
}
`;

let world: World;
let work: string;
let sha256: string;

beforeAll(async () => {
  const step = { type: 'shell', name: 'print' };
  world = await createWorld({
    builders: {
      big: [{ ...step, command: [process.execPath, '../../../../print.cjs', '../../../../noise'] }],
    },
  });
  const block = randomBytes(1e6);
  await writeFile(join(world.dir, 'noise'), block);
  await writeFile(join(world.dir, 'print.cjs'), PRINTER);
  const hash = createHash('sha256');
  for (let number = 0; number < MEGABYTES; number++) {
    block.writeUInt32LE(number);
    hash.update(block);
  }
  sha256 = hash.digest('hex');
  work = await world.clone();
});

afterAll(() => world.remove());

const pidOf = ({ child }: Pick<Program, 'child'>): number => child.pid as number;

/** Bytes that wait at the worker for the master. */
async function spooled(): Promise<number> {
  const folder = join(world.dir, 'w1', 'spool');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.spool'));
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

interface Reader {
  child: ChildProcess;
  /** Resolves with the first bytes. */
  begun: Promise<unknown>;
  /** Its exit code and the SHA-256 of what it wrote. */
  ended: Promise<{ code: unknown; sha256: string }>;
  /** The most that it, and the `tryserver` it talks to, has taken so far. */
  peak(): Promise<number>;
}

/** `buildbot log --raw` over SSH. */
function readLog(): Reader {
  const [node, ...args] = program('cli', 'log', 'big/1', 'print', '--raw') as [string, ...string[]];
  const child = spawn(node, args, { cwd: work, env: world.env, stdio: ['ignore', 'pipe', 'inherit'] });
  const hash = createHash('sha256');
  child.stdout.on('data', (bytes: Buffer) => hash.update(bytes));
  return {
    child,
    begun: once(child.stdout, 'data'),
    ended: once(child, 'close').then(([code]) => ({ code, sha256: hash.digest('hex') })),
    async peak() {
      const pids = [child.pid as number, ...(await processesWith('tryserver', world.jobdir))];
      return Math.max(...(await Promise.all(pids.map(peakMemory))));
    },
  };
}

test(`${MEGABYTES} MB go through a master that stops meanwhile, and memory stays flat on all sides`, async () => {
  const [master, worker] = [world.master as Program, world.workers[0] as Program];
  const trying = world.startBuildbot(work, ['try', '-b', 'big', '--json']);
  await until('the log to begin', async () => (await spooled()) > 1e6);
  process.kill(pidOf(master), 'SIGSTOP');
  try {
    await until('half of the log to wait on the disk of the worker', async () => (await spooled()) > 150e6);
  } finally {
    process.kill(pidOf(master), 'SIGCONT');
  }
  const { code } = await trying.finished;
  expect(code).toBe(0);
  expect(await peakMemory(pidOf(master)), 'master').toBeLessThan(BOUND_MB);
  expect(await peakMemory(pidOf(worker)), 'worker').toBeLessThan(BOUND_MB);
  expect(await spooled()).toBeLessThan(20e6);
}, 120_000);

test('one reader stands still while another reads all of it: both get every byte, and nobody holds it', async () => {
  const slow = readLog();
  await slow.begun;
  slow.child.stdout?.pause();
  const quick = readLog();
  expect(await quick.ended).toEqual({ code: 0, sha256 });
  const whileOneStood = Math.max(await slow.peak(), await peakMemory(pidOf(world.master as Program)));
  slow.child.stdout?.resume();
  expect(await slow.ended).toEqual({ code: 0, sha256 });
  expect(whileOneStood).toBeGreaterThan(40);
  expect(whileOneStood).toBeLessThan(BOUND_MB);
}, 120_000);
