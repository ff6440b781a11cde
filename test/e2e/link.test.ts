/**
 * The wire between a real master and a real worker, cut 50 times at random bytes while a build prints 20 MB: the build
 * passes and its log is what the command wrote. `SEED=n` repeats a run.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type ChaosProxy, startChaosProxy } from '../support/chaos-proxy.ts';
import { until } from '../support/processes.ts';
import { createWorld, type World } from '../support/world.ts';

const MEGABYTES = 20;
const CUTS = 50;
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Prints noise that does not compress, and its SHA-256 as the last line of another log. */
const NOISE = `
import { createHash } from 'node:crypto';
import { writeFileSync, writeSync } from 'node:fs';
const hash = createHash('sha256');
const block = Buffer.alloc(65536);
let state = Number(process.argv[2]);
for (let left = ${MEGABYTES} * 16; left > 0; left--) {
  for (let at = 0; at < block.length; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    block[at] = state >>> 24;
  }
  hash.update(block);
  for (let at = 0; at < block.length; ) at += writeSync(1, block, at);
}
writeFileSync('sum', hash.digest('hex'));
`;

/** A world whose worker reaches the master through a proxy that misbehaves. `link` is its `workerLink`. */
async function setup(link = '{}'): Promise<World & { proxy: ChaosProxy; work: string }> {
  const world = await createWorld({
    builders: {
      noise: [
        {
          ...{ type: 'shell', name: 'print', logfiles: { sum: 'sum' } },
          command: [process.execPath, '../../../../noise.mjs', String(seed)],
        },
      ],
    },
    start: false,
  });
  onTestFinished(() => world.remove());
  await writeFile(join(world.dir, 'noise.mjs'), NOISE);
  const config = join(world.dir, 'w1', 'worker.yaml');
  const text = await readFile(config, 'utf8');
  const port = Number(/ws:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1]);
  const proxy = await startChaosProxy(port);
  onTestFinished(() => proxy.close());
  await writeFile(config, text.replace(`:${port}`, `:${proxy.port}`));
  const settings = join(world.basedir, 'master.yaml');
  await writeFile(settings, `${await readFile(settings, 'utf8')}workerLink: ${link}\n`);
  await world.startMaster();
  await world.startWorker();
  return Object.assign(world, { proxy, work: await world.clone() });
}

/** Numbers below a bound, the same for the same seed. */
function randomFrom(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test(`a wire that is cut ${CUTS} times at random bytes changes nothing but the time (SEED=${seed})`, async () => {
  // Cuts in a row make the worker wait longer and longer, as far as the grace allows.
  const { proxy, work, buildbot, apiBytes } = await setup('{ grace: 10s, keepalive: 2s, timeout: 2s }');
  const random = randomFrom(seed);
  const kinds = ['reset', 'end', 'half'] as const;
  proxy.plan = (index) =>
    index > CUTS
      ? {}
      : { cutAfterBytes: 1 + random(index % 4 === 0 ? 2_000 : 220_000), cut: kinds[random(3)] ?? 'end' };
  proxy.cutAll();
  const { code, stdout, stderr } = await buildbot(work, ['try', '--json']);
  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject({ result: 'success', builds: [{ buildId: 1 }] });
  const print = await apiBytes('/api/v2/builds/1/steps/print/logs/stdio/raw');
  const sum = await apiBytes('/api/v2/builds/1/steps/print/logs/sum/raw');
  expect(print.length).toBe(MEGABYTES * 1024 * 1024);
  expect(createHash('sha256').update(print).digest('hex')).toBe(sum.toString());
  expect(proxy.connections).toBeGreaterThan(CUTS);
}, 240_000);

test('a wire that is frozen is given up, and the build goes on over a new one', async () => {
  // Short enough that a test sees it.
  const { proxy, work, startBuildbot, api } = await setup('{ keepalive: 2s, timeout: 1s }');
  const following = startBuildbot(work, ['try', '--json']);
  await until('a step to run', async () => {
    const { steps } = await api<{ steps?: object[] }>('/api/v2/builds/1/steps').catch(() => ({ steps: [] }));
    return (steps ?? []).length > 0;
  });
  const before = proxy.connections;
  proxy.freeze('up', 'down');
  await until('the worker to connect anew', async () => proxy.connections > before, 30_000);
  proxy.thaw();
  const { code } = await following.finished;
  expect(code).toBe(0);
}, 90_000);
