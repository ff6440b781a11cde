/** A world for the tests of this room: the API over a real store in a folder of its own, and a control that takes notes. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { type Builder, type Log, masterConfigSchema, type Step, type Worker } from '@buildbot/shared';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../log.ts';
import type { Caller } from '../../ports/caller.ts';
import type { Control } from '../../ports/control.ts';
import type { ClaimedBuild } from '../../ports/records.ts';
import type { Store } from '../../ports/store.ts';
import { openStore } from '../../store/open.ts';
import { type Api, type ApiDeps, createApi } from '../api.ts';

const ADMINISTRATOR: Caller = { user: 'administrator', door: 'socket' };
export const ALICE: Caller = { user: 'alice', door: 'gateway' };
export const BOB: Caller = { user: 'bob', door: 'gateway' };
export const ANYBODY: Caller = { user: 'anonymous', door: 'tcp' };

/** Every call as `[verb, …arguments]`. `rebuild` and `force` add what they should. */
function notingControl(store: Store): { control: Control; calls: unknown[][] } {
  const calls: unknown[][] = [];
  const note =
    (verb: string) =>
    async (...args: unknown[]) =>
      void calls.push([verb, ...args]);
  const control: Control = {
    stopBuild: note('stopBuild'),
    cancelRequest: note('cancelRequest'),
    setPriority: note('setPriority'),
    unshelve: note('unshelve'),
    setSchedulerEnabled: note('setSchedulerEnabled'),
    controlWorker: note('controlWorker'),
    setWorkerAvailability: note('setWorkerAvailability'),
    stopMaster: note('stopMaster'),
    async reconfigure() {
      await note('reconfigure')();
      return { changes: 'builders +mac', needsRestart: ['listen.api'] };
    },
    async rebuild(buildId, by, once) {
      await note('rebuild')(buildId, by);
      const made = await store.rebuild(buildId, by, once);
      if (made === 'conflict') return { refused: 'the key was given for something else', isConflict: true };
      return made ?? { refused: 'there is no such build' };
    },
    async force(scheduler, input, by) {
      await note('force')(scheduler, input, by);
      if (input.revision === 'refuse me') return { refused: 'this revision cannot be built' };
      return { buildSetId: 7, requests: [{ builderId: 1, requestId: 9 }] };
    },
  };
  return { control, calls };
}

export interface World {
  /** Folder of the store. */
  basedir: string;
  store: Store;
  api: Api;
  calls: unknown[][];
  /** What answers control calls; a test may replace a verb. */
  control: Control;
  builders: Builder[];
  worker: Worker;
  masterId: number;
  /** A running build asked for by `submitter`, with a step and its log. */
  build(options?: { submitter?: string; builder?: number }): Promise<Running>;
  /** Append output of a command as the worker link does. */
  output(running: Running, text: string | Uint8Array): Promise<void>;
  finish(running: Running): Promise<void>;
  get(path: string, init?: RequestInit & { caller?: Caller }): Promise<Response>;
  /** Body of a GET as JSON. */
  json(path: string): Promise<Record<string, Row[]> & { meta: { total?: number } }>;
  rpc(path: string, method: string, params?: object, caller?: Caller): Promise<RpcReply>;
  close(): Promise<void>;
}

type Row = Record<string, unknown>;

export interface RpcReply {
  status: number;
  body: { id?: unknown; result?: unknown; error?: { code: number; message: unknown } };
}

export interface Running extends ClaimedBuild {
  step: Step;
  log: Log;
}

const STAMP = {
  codebase: '',
  repository: '/srv/p.git',
  project: '',
  branch: 'main',
  revision: null,
  patch: null,
};

async function register(store: Store) {
  const master = await store.registerMaster('host:/basedir');
  const { builders, workers } = await store.register({
    builders: [
      { name: 'linux', description: 'On Linux', tags: ['fast'] },
      { name: 'win dows', description: null, tags: [] },
    ],
    workers: [{ name: 'w1', maxBuilds: 2, tags: ['linux'] }],
    schedulers: [
      { name: 'try', type: 'try' },
      { name: 'force', type: 'force' },
    ],
    eligible: [['linux', 'w1']],
  });
  return { master, builders, worker: workers[0] as Worker };
}

/** Everything is real but the control. Close it when done. */
export async function createWorld(options: Partial<ApiDeps> = {}): Promise<World> {
  const config = masterConfigSchema.parse({});
  const basedir = await mkdtemp(join(tmpdir(), 'api-'));
  const fatal = (error: Error) => {
    throw error;
  };
  const store = await openStore({ basedir, clock: systemClock, logger: silentLogger, fatal });
  const { master, builders, worker } = await register(store);
  const { control, calls } = notingControl(store);
  const api = createApi({
    store,
    control,
    queue: { isDraining: false, waitingReason: (id) => `request ${id} waits` },
    estimates: {
      estimate: async (builderid) => ({ builderid, samples: 0, total: null, steps: [] }),
    },
    title: 'Test',
    masterId: master.masterId,
    metrics: [],
    forceForms: () => [{ name: 'force', builders: ['linux'] }],
    logger: silentLogger,
    clock: systemClock,
    random: randomBytes,
    settings: () => ({ access: config.access, www: config.www, proxies: [] }),
    ...options,
  });
  await api.start();
  await store.openSession(worker.workerId, 'boot');
  let seq = 0;

  const world: World = {
    basedir,
    store,
    api,
    calls,
    control,
    builders,
    worker,
    masterId: master.masterId,
    async build({ submitter = 'alice', builder = 0 } = {}) {
      const added = await store.addBuildSet({
        externalId: null,
        reason: 'a test',
        submitter,
        scheduler: 'try',
        sourceStamps: [STAMP],
        properties: { answer: [42, 'Test'] },
        builderIds: [builders[builder]?.builderId ?? 0],
        priority: 0,
        rebuiltBuildId: null,
      });
      const claimed = (await store.claim({
        requestId: added.requests[0]?.requestId ?? 0,
        workerId: worker.workerId,
        masterId: master.masterId,
        builddir: 'linux',
      })) as ClaimedBuild;
      const { buildId } = claimed.build;
      const step = (await store.startStep({
        buildId,
        number: 0,
        name: 'make test',
        stateString: 'running',
      })) as Step;
      const log = (await store.addLog({ stepId: step.stepId, name: 'stdio', type: 's' })) as Log;
      return { ...claimed, step, log };
    },
    async output({ build, log }, text) {
      const bytes = Buffer.from(text);
      const newlines = bytes.filter((byte) => byte === 10).length;
      const payload = zstdCompressSync(bytes);
      const frame = { length: bytes.length, newlines, runs: [['o', bytes.length]] as ['o', number][] };
      seq++;
      await store.commitWorkerEffects(worker.workerId, 'boot', [
        {
          kind: 'log',
          seq,
          key: `${build.buildId}.1.0.0`,
          log: log.name,
          buildId: build.buildId,
          logId: log.logId,
          frame,
          payload,
        },
      ]);
    },
    async finish({ build, step, log }) {
      await store.finishLog(log.logId);
      await store.finishStep({ stepId: step.stepId, results: 0, stateString: 'passed', hidden: false });
      const end = { buildId: build.buildId, results: 0, stateString: 'build successful' } as const;
      const silent = { infrastructure: false, worker: null };
      await store.finishBuild({ ...end, ...silent, request: { kind: 'complete' } });
    },
    async get(path, { caller = ADMINISTRATOR, ...init } = {}) {
      return api.fetch(new Request(`http://localhost${path}`, init), { caller });
    },
    async json(path) {
      const response = await world.get(`/api/v2${path}`, { headers: { Accept: 'application/json' } });
      return (await response.json()) as Awaited<ReturnType<World['json']>>;
    },
    async rpc(path, method, params = {}, caller = ADMINISTRATOR) {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
      const headers = { 'Content-Type': 'application/json' };
      const response = await world.get(`/api/v2${path}`, { method: 'POST', body, headers, caller });
      return { status: response.status, body: (await response.json()) as RpcReply['body'] };
    },
    async close() {
      await api.stop();
      await store.close();
      await rm(basedir, { recursive: true });
    },
  };
  return world;
}
