/** Hundreds of workers at one master, and a long queue: all at once, and all at once again after a restart. */
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { masterConfigSchema } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../packages/master/src/clock.ts';
import { silentLogger } from '../../packages/master/src/log.ts';
import { type MasterHandle, startMaster } from '../../packages/master/src/main.ts';
import { openStore } from '../../packages/master/src/store/open.ts';
import { LightWorker } from '../support/light-worker.ts';
import { until, unusedPort } from '../support/processes.ts';
import { scaled, tell } from '../support/scale.ts';

const WORKERS = scaled(300, 1000);
const QUEUED = 10_000;
const BUILDERS = 20;
const LIMIT_MS = 60_000;

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const builderNames = names('b', BUILDERS);

function configOn(port: number) {
  const workers = names('w', WORKERS);
  return masterConfigSchema.parse({
    listen: { workers: `127.0.0.1:${port}` },
    workers: workers.map((name) => ({ name, password: 'secret' })),
    builders: builderNames.map((name, index) => ({
      // Each builder has its own part of the workers, so that a wrong assignment can be seen.
      workers: workers.filter((_, worker) => worker % BUILDERS === index),
      ...{ name, steps: [{ type: 'shell', command: 'true' }] },
    })),
  });
}

/** What is asked for while no master runs. */
async function fillQueue(basedir: string): Promise<void> {
  const fatal = (error: Error) => {
    throw error;
  };
  const store = await openStore({ basedir, clock: systemClock, logger: silentLogger, fatal });
  const builders = builderNames.map((name) => ({ name, description: null, tags: [] }));
  const registered = await store.register({ builders, workers: [], schedulers: [], eligible: [] });
  const builderIds = registered.builders.map(({ builderId }) => builderId);
  const set = {
    ...{ externalId: null, reason: 'herd', submitter: null, scheduler: 'x', sourceStamps: [] },
    ...{ properties: {}, builderIds, priority: 0, rebuiltBuildId: null },
  };
  await Promise.all(names('', QUEUED / BUILDERS).map(() => store.addBuildSet(set)));
  await store.close();
}

interface Build {
  buildid: number;
  builderid: number;
  workerid: number;
  attempt: number;
  results: number | null;
}

async function setup() {
  const basedir = await mkdtemp(join(tmpdir(), 'herd-'));
  await fillQueue(basedir);
  const port = await unusedPort();
  const start = () => startMaster({ basedir, config: configOn(port) });
  const running: { master: MasterHandle } = { master: await start() };
  const workers = names('w', WORKERS).map((name) => new LightWorker(name, port));
  onTestFinished(async () => {
    for (const worker of workers) worker.close();
    await running.master.stop();
    await rm(basedir, { recursive: true });
  });
  const ask = (path: string) =>
    new Promise<Record<string, unknown> & { meta: { total: number } }>((resolve, reject) => {
      const asked = request({ socketPath: running.master.socket, path: `/api/v2${path}` });
      asked.once('response', (response) => resolve(json(response) as never));
      asked.once('error', reject).end();
    });
  return {
    workers,
    builds: async () => (await ask('/builds')).builds as Build[],
    pending: async () => (await ask('/buildrequests?claimed=false&limit=1')).meta.total,
    /** Resolves when every worker runs one command. */
    allBusy: () =>
      until('all to build', async () => workers.every(({ running }) => running.size === 1), LIMIT_MS),
    async restartMaster() {
      await running.master.stop();
      running.master = await start();
    },
  };
}

const counted = <T>(values: readonly T[]) => new Set(values).size;

test(`rows 27 and 28: ${WORKERS} workers that connect at once to 10,000 requests get one each, and keep it when they all come back`, async () => {
  const herd = await setup();
  for (const worker of herd.workers) worker.connect();
  await herd.allBusy();
  const first = await herd.builds();
  expect(first).toHaveLength(WORKERS);
  expect(counted(first.map(({ workerid }) => workerid))).toBe(WORKERS);
  // The ids were given in the order of the configuration.
  expect(first.filter(({ workerid, builderid }) => (workerid - 1) % BUILDERS !== builderid - 1)).toEqual([]);
  expect(await herd.pending()).toBe(QUEUED - WORKERS);

  const restarted = performance.now();
  await herd.restartMaster();
  tell('master down and up again', `${(performance.now() - restarted).toFixed()} ms`);
  await until('all to be back', async () => herd.workers.every(({ admissions }) => admissions > 1), LIMIT_MS);
  tell('until all were back', `${(performance.now() - restarted).toFixed()} ms`);
  expect(await herd.builds()).toEqual(first);

  for (const worker of herd.workers) worker.finish();
  await herd.allBusy();
  const builds = await herd.builds();
  expect(builds).toHaveLength(2 * WORKERS);
  expect(builds.slice(0, WORKERS).map(({ results }) => results)).toEqual(names('', WORKERS).map(() => 0));
  expect(builds.filter(({ attempt }) => attempt !== 1)).toEqual([]);
  // Nothing was begun twice.
  expect(counted(herd.workers.flatMap(({ begun }) => begun))).toBe(2 * WORKERS);
  expect(herd.workers.map(({ begun }) => begun.length)).toEqual(names('', WORKERS).map(() => 2));
  expect(await herd.pending()).toBe(QUEUED - 2 * WORKERS);
}, 120_000);
