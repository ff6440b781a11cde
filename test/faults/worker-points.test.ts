/**
 * The worker dies at each moment at which that is nasty, one life after the other, with the same build on its hands. What
 * the lives before it began is ended, every attempt is on record, and the last one is whole.
 */
import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { MOMENTS, type Moment } from '../../packages/worker/src/fail-point.ts';
import { until } from '../support/processes.ts';
import { type FaultWorld, makeFaultWorld, sha256 } from './fault-world.ts';

/** Of these a later time says more: the second report is the end of a command, a second file of the spool is a rotation. */
const LATER: Partial<Record<Moment, number>> = {
  'report-spooled': 2,
  'output-spooled': 2,
  'segment-made': 2,
};
const POINTS = MOMENTS.map((moment) => `${moment}@${LATER[moment] ?? 1}`);

async function makeWorld(): Promise<FaultWorld> {
  const world = await makeFaultWorld({
    retry: { attempts: 100, delay: '50ms', factor: 1 },
    suspect: { after: 1000 },
  });
  onTestFinished(() => world.close());
  // Files of the spool that are full soon.
  appendFileSync(join(world.workerDir, 'worker.yaml'), '\nspoolMiB: 1\n');
  await world.startMaster();
  return world;
}

/** Live until the point and no further. */
async function liveUntil(world: FaultWorld, point: string): Promise<void> {
  const { child, stderr } = world.launchWorker({ BUILDBOT_FAILPOINT: point });
  await until(`the end at ${point}`, async () => child.exitCode !== null || child.signalCode !== null);
  expect([point, child.signalCode, stderr()]).toEqual([point, 'SIGKILL', expect.any(String)]);
}

/** Everything that works below the folder of the builds. */
async function processesOf({ workerDir }: FaultWorld): Promise<string[]> {
  const folders = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map(async (pid) => [pid, await readlink(`/proc/${pid}/cwd`).catch(() => '')] as const),
  );
  return folders.filter(([, cwd]) => cwd.startsWith(workerDir)).map(([pid]) => pid);
}

/** Prints what does not compress, and leaves a process behind that has let go of everything, and may be deaf to TERM. */
function scriptOf({ dir }: FaultWorld, isDeaf = false): { script: string; output: Buffer } {
  const output = Buffer.from(randomBytes(600_000).toString('base64'));
  const [ledger, text] = [join(dir, 'ledger'), join(dir, 'text')];
  writeFileSync(text, output);
  const fugitive = `${isDeaf ? 'trap "" TERM HUP; ' : ''}echo fugitive $1 >> ${ledger}; while :; do sleep 1; done`;
  const script = [
    `echo "start $1" >> ${ledger}`,
    `setsid sh -c '${fugitive}' sh "$1" < /dev/null > /dev/null 2>&1 &`,
    `cat ${text}`,
    `echo "end $1" >> ${ledger}`,
  ];
  return { script: script.join('\n'), output };
}

test('row 7: a worker that dies at any nasty moment leaves no process, and one build that met them all is recorded attempt by attempt', async () => {
  const world = await makeWorld();
  const { script, output } = scriptOf(world);
  await world.force(script);
  for (const point of POINTS) await liveUntil(world, point);
  await world.startWorker();
  const builds = await until('the request is complete', async () => {
    const found = await world.builds();
    return found.at(-1)?.results === 0 && found;
  });
  expect(builds.map(({ results }) => results)).toEqual([...builds.slice(1).map(() => 5), 0]);
  const ledger = readFileSync(join(world.dir, 'ledger'), 'utf8').trim().split('\n');
  const numbers = (kind: string) =>
    ledger.filter((line) => line.startsWith(kind)).map((line) => Number(line.split(' ')[1]));
  expect(new Set(numbers('start')).size).toBe(numbers('start').length);
  expect(numbers('end').at(-1)).toBe(builds.length);
  expect(Math.max(...numbers('start'))).toBe(builds.length);
  expect(numbers('fugitive').length).toBeGreaterThan(3);
  expect(await world.logHash(builds.at(-1)?.buildid ?? 0)).toBe(sha256(output));
  await until('nothing of any attempt is left', async () => (await processesOf(world)).length === 0);
}, 60_000);

test('row 7: what a killed worker left is ended though the next life is killed while it sweeps and none follows', async () => {
  const world = await makeWorld();
  await world.force(scriptOf(world, true).script);
  const isThere = () =>
    existsSync(join(world.dir, 'ledger')) &&
    readFileSync(join(world.dir, 'ledger'), 'utf8').includes('fugitive');
  const { child } = await world.startWorker();
  await until('it has left something behind', async () => isThere());
  child.kill('SIGKILL');
  await liveUntil(world, 'before-sweep');
  await until('nothing is left', async () => (await processesOf(world)).length === 0);
}, 60_000);
