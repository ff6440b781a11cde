/**
 * Test support: a small master without its doors. Real store, real dispatch, real processes in temporary folders; every
 * test makes its own and lets go of it with `await using`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Build,
  type BuildResource,
  type BuildSetResource,
  type MasterConfigInput,
  masterConfigSchema,
  type StepResource,
  type StoredEvent,
} from '@buildbot/shared';
import { recipesOf } from '../builds/recipes.ts';
import { systemClock } from '../clock.ts';
import type { RetryPolicy } from '../core/retry.ts';
import { DEFAULT_SUSPECT_POLICY, type SuspectPolicy } from '../core/suspect.ts';
import type { Recipe, Recipes } from '../ports/recipe.ts';
import type { AddedBuildSet, NewBuildSet, NewSourceStamp, Registered } from '../ports/records.ts';
import { type Clock, type FailPoint, type Logger, noFailPoint } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import { MasterControl } from '../services/control.ts';
import { Dispatch } from '../services/dispatch.ts';
import { openStore } from '../store/open.ts';
import { LocalPool } from './local-pool.ts';

/** Retries at once, so that no test has to wait. */
export const EAGER_RETRY: RetryPolicy = { attempts: 3, delay: 0, factor: 1, maxDelay: 0 };

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};

const DEADLINE_MS = 30_000;

export interface BuildWorldOptions {
  config: Pick<MasterConfigInput, 'builders' | 'workers' | 'schedulers'>;
  retry?: RetryPolicy;
  suspect?: SuspectPolicy;
  clock?: Clock;
  /** Told of every commit of the store; what it throws, the verb fails with. */
  failPoint?: FailPoint;
  /** Recipes to use in place of the configuration's. */
  change?: (recipe: Recipe) => Recipe;
  /** Leave dispatch to be started by the test. */
  isIdle?: boolean;
}

export class BuildWorld implements AsyncDisposable {
  readonly folder: string;
  readonly store: Store;
  readonly pool: LocalPool;
  readonly registered: Registered;
  readonly masterId: number;
  readonly dispatch: Dispatch;
  readonly control: MasterControl;
  readonly recipes: Recipes;

  private constructor(
    parts: Pick<
      BuildWorld,
      'folder' | 'store' | 'pool' | 'registered' | 'masterId' | 'dispatch' | 'control' | 'recipes'
    >,
  ) {
    this.folder = parts.folder;
    this.store = parts.store;
    this.pool = parts.pool;
    this.registered = parts.registered;
    this.masterId = parts.masterId;
    this.dispatch = parts.dispatch;
    this.control = parts.control;
    this.recipes = parts.recipes;
  }

  static async make(options: BuildWorldOptions): Promise<BuildWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'bb-master-'));
    const fatal = (error: Error): void => {
      throw error;
    };
    const { clock = systemClock, retry = EAGER_RETRY, suspect = DEFAULT_SUSPECT_POLICY } = options;
    const { failPoint = noFailPoint } = options;
    const store = await openStore({ basedir: folder, clock, logger: silentLogger, fatal, failPoint });
    const { masterId } = await store.registerMaster('test');
    const config = masterConfigSchema.parse(options.config);
    const registered = await store.register({
      builders: config.builders.map(({ name, tags }) => ({ name, tags, description: null })),
      workers: config.workers.map(({ name, maxBuilds, tags }) => ({ name, maxBuilds, tags })),
      schedulers: config.schedulers.map(({ name, type }) => ({ name, type })),
      eligible: [],
    });
    const pool = new LocalPool(store);
    const recipes = changed(recipesOf(config, registered), options.change ?? ((recipe) => recipe));
    const deps = { store, pool, clock, logger: silentLogger, masterId };
    const dispatch = new Dispatch({ ...deps, recipes: () => recipes, retry, suspect });
    const control = new MasterControl({
      ...{ store, clock, running: dispatch },
      schedulers: () => [],
      stopMaster: () => undefined,
    });
    const world = new BuildWorld({ folder, store, pool, registered, masterId, dispatch, control, recipes });
    if (options.isIdle !== true) {
      for (const { name } of config.workers) await world.connect(name);
      await dispatch.start();
    }
    return world;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispatch.stop();
    this.pool.close();
    await this.pool.idle();
    await this.store.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  workerId(name: string): number {
    return idOf(this.registered.workers.find((worker) => worker.name === name)?.workerId, name);
  }

  builderId(name: string): number {
    return idOf(this.registered.builders.find((builder) => builder.name === name)?.builderId, name);
  }

  /** Folder of a worker. */
  root(worker: string): string {
    return join(this.folder, 'workers', worker);
  }

  async connect(name: string): Promise<void> {
    await this.pool.connect({ workerId: this.workerId(name), name, root: this.root(name) });
  }

  /** Ask for a build. */
  async request(
    builders: string | string[],
    set: Partial<NewBuildSet> & { stamp?: Partial<NewSourceStamp> } = {},
  ): Promise<AddedBuildSet> {
    const { stamp, ...rest } = set;
    const source = {
      codebase: '',
      repository: '',
      project: '',
      branch: null,
      revision: null,
      patch: null,
      ...stamp,
    };
    return await this.store.addBuildSet({
      externalId: null,
      reason: 'test',
      submitter: null,
      scheduler: 'test',
      sourceStamps: [source],
      properties: {},
      builderIds: [builders].flat().map((name) => this.builderId(name)),
      priority: 0,
      rebuiltBuildId: null,
      ...rest,
    });
  }

  /** Ask for one build and wait for its request to have its result. */
  async build(builder: string, set: Parameters<BuildWorld['request']>[1] = {}): Promise<BuildResource> {
    const { buildSetId } = await this.request(builder, set);
    await this.buildSetEnd(buildSetId);
    const [build] = (await this.builds()).slice(-1);
    if (build === undefined) throw new Error('there was no build');
    return build;
  }

  async buildSetEnd(buildSetId: number): Promise<BuildSetResource> {
    const find = async (): Promise<BuildSetResource | undefined> => {
      const filters = [{ field: 'bsid', operator: 'eq' as const, values: [buildSetId] }];
      const { rows } = await this.store.query('buildsets', { filters, order: [], limit: null, offset: 0 });
      return rows.find(({ complete }) => complete);
    };
    return await this.eventually(`build set ${buildSetId} is complete`, find);
  }

  /** The newest build once it runs the command that `isIt` recognises. */
  async runningBuild(): Promise<Build> {
    return await this.eventually('a build runs a command', async () => {
      const asked = this.pool.asked.at(-1);
      return (asked && (await this.store.build(asked.buildId))) ?? undefined;
    });
  }

  /** What `find` finds, looked for after every commit. */
  async eventually<T>(what: string, find: () => Promise<T | undefined>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const look = (_events: StoredEvent[] = []): void => {
      find().then((found) => found !== undefined && resolve(found), reject);
    };
    const unsubscribe = this.store.onCommit(look);
    const deadline = setTimeout(
      () => reject(new Error(`not within ${DEADLINE_MS} ms: ${what}`)),
      DEADLINE_MS,
    );
    // Not everything that is waited for comes with a commit.
    const again = setInterval(look, 50);
    look();
    try {
      return await promise;
    } finally {
      unsubscribe();
      clearTimeout(deadline);
      clearInterval(again);
    }
  }

  async builds(): Promise<BuildResource[]> {
    const order = [{ field: 'buildid', descending: false }];
    return (await this.store.query('builds', { filters: [], order, limit: null, offset: 0 })).rows;
  }

  async steps(buildId: number): Promise<StepResource[]> {
    const filters = [{ field: 'buildid', operator: 'eq' as const, values: [buildId] }];
    const order = [{ field: 'number', descending: false }];
    return (await this.store.query('steps', { filters, order, limit: null, offset: 0 })).rows;
  }

  /** Raw bytes of a log of a build. */
  async logBytes(buildId: number, stepNumber: number, name = 'stdio'): Promise<Buffer> {
    const stepId = (await this.steps(buildId))[stepNumber]?.stepid;
    const filters = [{ field: 'stepid', operator: 'eq' as const, values: [stepId ?? -1] }];
    const { rows } = await this.store.query('logs', { filters, order: [], limit: null, offset: 0 });
    const log = rows.find((row) => row.name === name);
    if (log === undefined) throw new Error(`no log ${name}`);
    const pieces: Uint8Array[] = [];
    for await (const piece of this.store.readLog(log.logid, 0)) pieces.push(piece);
    return Buffer.concat(pieces);
  }
}

function changed(recipes: Recipes, change: (recipe: Recipe) => Recipe): Recipes {
  const all = new Map([...recipes.all()].map((recipe) => [recipe.builderId, change(recipe)]));
  return {
    of: (builderId) => all.get(builderId),
    all: () => all.values(),
    workerProperties: (workerId) => recipes.workerProperties(workerId),
  };
}

function idOf(id: number | undefined, name: string): number {
  if (id === undefined) throw new Error(`no ${name} in this world`);
  return id;
}
