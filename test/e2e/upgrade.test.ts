/**
 * A master is stopped, upgraded and started while builds run and people watch them: nobody but the administrator notices.
 * `stop` does not wait for anybody, `stop --graceful` for the builds that run.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { type Finished, program, run, until } from '../support/processes.ts';
import { createWorld, type StepSpec, type World } from '../support/world.ts';

const BUILDS = 20;
const WATCHED = 10;

const NOTE = 'echo $$ >> ../../../../begun';
/** Says a lot before and after it waits for a file of the test's. */
const WAITING: StepSpec = {
  ...{ type: 'shell', name: 'wait' },
  command: `seq 1 5000; ${NOTE}; while [ ! -e ../../../../go ]; do sleep 0.1; done; seq 5001 10000`,
};
const OUTPUT = Array.from({ length: 10_000 }, (_, index) => `${index + 1}\n`).join('');

const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function begun({ dir }: World): Promise<number> {
  const text = await readFile(join(dir, 'begun'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean).length;
}

/** With a working copy of a developer's. */
type Here = World & { work: string };

async function setup(maxBuilds: number): Promise<Here> {
  const world = await createWorld({ builders: { slow: [WAITING] }, maxBuilds, start: false });
  onTestFinished(async () => {
    await daemon(world, 'stop');
    await world.remove();
  });
  expect(await daemon(world, 'start')).toMatchObject({ code: 0, stderr: '' });
  await world.startWorker();
  return Object.assign(world, { work: await world.clone() });
}

function daemon({ basedir }: World, ...words: string[]): Promise<Finished> {
  return run(program('master', ...words, basedir));
}

async function force(world: Here): Promise<void> {
  const api = `unix:${join(world.basedir, 'master.sock')}`;
  const args = ['force', 'force', '--builder', 'slow', '--api', api];
  expect(await world.buildbot(world.work, args)).toMatchObject({ stderr: '' });
}

interface Build {
  buildid: number;
  attempt: number;
  results: number | null;
}

const builds = async (world: World): Promise<Build[]> =>
  (await world.api<{ builds: Build[] }>('/api/v2/builds')).builds;

test('an upgrade under running builds and attached tries restarts none, loses no byte, and every try goes on', async () => {
  const world = await setup(BUILDS);
  const tries = Array.from({ length: WATCHED }, () => world.startBuildbot(world.work, ['try', '--json']));
  for (let count = WATCHED; count < BUILDS; count++) await force(world);
  await until('all builds to run', async () => (await begun(world)) === BUILDS, 60_000);
  for (const verb of ['stop', 'upgrade', 'start'])
    expect(await daemon(world, verb)).toMatchObject({ code: 0, stderr: '' });
  expect(await daemon(world, 'restart')).toMatchObject({ code: 0, stderr: '' });
  await writeFile(join(world.dir, 'go'), '');
  const ends = await Promise.all(tries.map(({ finished }) => finished));
  expect(ends.map(({ code }) => code)).toEqual(tries.map(() => 0));
  const all = await until('all builds to end', async () => {
    const found = await builds(world);
    return found.every(({ results }) => results !== null) && found;
  });
  expect(all.map(({ attempt, results }) => [attempt, results])).toEqual(
    Array.from({ length: BUILDS }, () => [1, 0]),
  );
  expect(await begun(world)).toBe(BUILDS);
  for (const { buildid } of all) {
    const log = await world.apiBytes(`/api/v2/builds/${buildid}/steps/wait/logs/stdio/raw_inline`);
    expect([buildid, sha256(log)]).toEqual([buildid, sha256(OUTPUT)]);
  }
}, 180_000);

test('a graceful stop starts nothing more, waits for what runs, and keeps the queue', async () => {
  const world = await setup(1);
  await force(world);
  await until('the build to run', async () => (await begun(world)) === 1);
  const stopping = daemon(world, 'stop', '--graceful');
  await force(world);
  const [waiting] = await until('the second request to wait', async () => {
    const { buildrequests } = await world.api<{ buildrequests: { waiting_reason: string | null }[] }>(
      '/api/v2/buildrequests?claimed=false',
    );
    return buildrequests.some(({ waiting_reason }) => waiting_reason?.includes('ends when')) && buildrequests;
  });
  expect(waiting?.waiting_reason).toMatch(/^the master starts nothing more/);
  await writeFile(join(world.dir, 'go'), '');
  const stopped = await stopping;
  expect(stopped.code).toBe(0);
  expect(stopped.stdout).toMatch(/^waiting for 1 build to end; [^\n]*\nstopped\n$/);
  expect(await daemon(world, 'start')).toMatchObject({ code: 0 });
  await until('both to be built', async () => {
    const all = await builds(world);
    return all.length === 2 && all.every(({ results, attempt }) => results === 0 && attempt === 1);
  });
}, 90_000);

test('the API stops a master gracefully, too, and a signal after that ends it at once', async () => {
  const world = await setup(1);
  await force(world);
  await until('the build to run', async () => (await begun(world)) === 1);
  const { masters } = await world.api<{ masters: { masterid: number; active: boolean }[] }>(
    '/api/v2/masters',
  );
  const masterId = masters.find(({ active }) => active)?.masterid as number;
  expect(await rpc(world, `/api/v2/masters/${masterId}`, 'stop', { graceful: true })).toMatchObject({
    result: null,
  });
  expect((await daemon(world, 'status')).code).toBe(0);
  expect(await daemon(world, 'stop')).toMatchObject({ code: 0, stdout: 'stopped\n' });
  expect(await daemon(world, 'start')).toMatchObject({ code: 0 });
  await writeFile(join(world.dir, 'go'), '');
  await until('the build to end', async () => (await builds(world)).every(({ results }) => results === 0));
  expect(await builds(world)).toMatchObject([{ attempt: 1 }]);
}, 90_000);

test('a stop does not wait for clients that are stuck', async () => {
  const world = await setup(1);
  const socketPath = join(world.basedir, 'master.sock');
  const { listen } = parse(await readFile(join(world.basedir, 'master.yaml'), 'utf8')) as {
    listen: { workers: string };
  };
  const [host = '', port] = listen.workers.split(':');
  // One that says nothing, one in the middle of a request, one that never reads its stream; and one at the workers' door.
  const stuck = [connect(socketPath), connect(socketPath), connect(socketPath), connect(Number(port), host)];
  onTestFinished(() => {
    for (const socket of stuck) socket.destroy();
  });
  for (const socket of stuck) socket.on('error', () => undefined);
  stuck[1]?.write('POST /api/v2/builds/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{');
  stuck[2]?.write('GET /sse/listen/builds/*/* HTTP/1.1\r\nHost: x\r\n\r\n');
  for (const socket of stuck) socket.pause();
  await force(world);
  await until('the build to run', async () => (await begun(world)) === 1);
  const from = performance.now();
  expect(await daemon(world, 'stop')).toMatchObject({ code: 0, stdout: 'stopped\n' });
  // The promise is five seconds; one more is the time of the program that asks.
  expect(performance.now() - from).toBeLessThan(6000);
  expect(await readdir(world.basedir)).not.toContain('master.pid');
}, 60_000);

function rpc(world: World, path: string, method: string, params: object): Promise<Record<string, unknown>> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const socketPath = join(world.basedir, 'master.sock');
    const call = request({ socketPath, path, method: 'POST', headers }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      resolve(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>);
    });
    call.on('error', reject);
    call.end(body);
  });
}
