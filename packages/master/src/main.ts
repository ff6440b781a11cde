/**
 * The composition root of the master: the only file that knows all rooms. It opens the store, makes the services, wires
 * them through their ports, and starts and stops them in order. `buildbot-master run`, `buildbot try --local` and the
 * tests all start a master here.
 */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { type MasterConfig, messageOf, type TrySchedulerConfig, UserError } from '@buildbot/shared';
import { createApi } from './api/api.ts';
import { eligibleWorkers, recipesOf } from './builds/recipes.ts';
import { systemClock } from './clock.ts';
import { inheritedEnvironment } from './config/environment.ts';
import { silentLogger } from './log.ts';
import type { SchedulerPlan } from './ports/schedulers.ts';
import { type Clock, type FailPoint, type Logger, noFailPoint, type Service } from './ports/service.ts';
import type { Inventory, Registered, Store } from './ports/store.ts';
import { runAlertCommand } from './services/alert-command.ts';
import { Alerts } from './services/alerts.ts';
import { BuildCounters } from './services/build-counters.ts';
import { MasterControl } from './services/control.ts';
import { Dispatch } from './services/dispatch.ts';
import { PastEstimates } from './services/estimates.ts';
import { FarmGauges } from './services/farm-gauges.ts';
import { Housekeeping } from './services/housekeeping.ts';
import { JobIntake } from './services/try-intake.ts';
import { WorkerWatch } from './services/worker-watch.ts';
import { openStore } from './store/open.ts';
import { ownAccount } from './try/accounts.ts';
import { openTryDirectory } from './try/directory.ts';
import { Gateway } from './try/gateway.ts';
import { SshEndpoint } from './try/ssh-endpoint.ts';
import { TryWatcher } from './try/watcher.ts';
import { WorkerDoor } from './workers/worker-door.ts';
import { WorkerSessions } from './workers/worker-sessions.ts';

export interface MasterOptions {
  /** Absolute path of the master's folder. */
  basedir: string;
  config: MasterConfig;
  clock?: Clock;
  logger?: Logger;
  /** How builds and logs name whoever comes in through BASEDIR/master.sock. `administrator` unless given. */
  owner?: string;
  /** For tests that end the process at named moments. */
  failPoint?: FailPoint;
}

export interface MasterHandle {
  /** Where it listens besides BASEDIR/master.sock, for people: `api 127.0.0.1:8010`, `workers ws://…`. */
  readonly addresses: readonly string[];
  /** Where workers connect. */
  readonly workersUrl: string;
  /** Path of the administrator's API socket. */
  readonly socket: string;
  /** Resolves with the reason when the master cannot go on (a write that did not reach the disk). */
  readonly failed: Promise<Error>;
  /** Resolves when somebody asks for the end of the master through the API. */
  readonly stopAsked: Promise<{ graceful: boolean }>;
  /** Start no more builds; resolves when none runs. What is asked for meanwhile is kept. */
  drain(): Promise<void>;
  /** End within seconds: nothing new starts, what is durable stays for the next start. */
  stop(): Promise<void>;
}

/** Start a master; resolves when it serves. Nothing is left running when it fails. */
export async function startMaster(options: MasterOptions): Promise<MasterHandle> {
  const { basedir, config, clock = systemClock, logger = silentLogger, owner = 'administrator' } = options;
  const failed = Promise.withResolvers<Error>();
  const stopAsked = Promise.withResolvers<{ graceful: boolean }>();
  const store = await openStore({
    ...{ basedir, url: config.database.url, clock, logger },
    fatal: failed.resolve,
    failPoint: options.failPoint ?? noFailPoint,
  });
  const started: Service[] = [];
  const stop = async (): Promise<void> => {
    for (const service of started.splice(0).reverse()) await service.stop();
    await store.close();
  };
  try {
    const master = await compose({
      ...{ basedir, config, clock, logger, owner, store },
      stopMaster: stopAsked.resolve,
    });
    for (const service of master.services) {
      await service.start();
      started.push(service);
    }
    return {
      ...master.describe(),
      failed: failed.promise,
      stopAsked: stopAsked.promise,
      drain: () => master.drain(),
      stop: once(async () => {
        await master.leave();
        await stop();
      }),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Parts {
  basedir: string;
  config: MasterConfig;
  clock: Clock;
  logger: Logger;
  owner: string;
  store: Store;
  stopMaster: (options: { graceful: boolean }) => void;
}

interface Composition {
  /** In the order of their start; they stop the other way round. */
  services: Service[];
  describe(): Pick<MasterHandle, 'addresses' | 'workersUrl' | 'socket'>;
  drain(): Promise<void>;
  leave(): Promise<void>;
}

async function compose(parts: Parts): Promise<Composition> {
  const { basedir, config, clock, logger, owner, store } = parts;
  const { masterId } = await store.registerMaster(`${hostname()}:${basedir}`);
  const registered = await store.register(inventoryOf(config));
  const schedulers = schedulerPlans(config, registered);
  const recipes = recipesOf(config, registered);
  const workers = new WorkerSessions({
    store,
    clock,
    logger: logger.child({ room: 'workers' }),
    timing: {
      keepaliveMs: config.workerLink.keepalive,
      timeoutMs: config.workerLink.timeout,
      graceMs: config.workerLink.grace,
    },
    workers: await workerAccounts(basedir, config, registered),
  });
  const workerDoor = new WorkerDoor(workers, config.listen.workers);
  const dispatch = new Dispatch({
    store,
    pool: workers.pool,
    clock,
    logger,
    masterId,
    recipes: () => recipes,
    retry: config.retry,
    suspect: config.suspect,
    pingTimeoutMs: config.workerLink.ping,
  });
  const counters = new BuildCounters(store);
  const estimates = new PastEstimates({ store });
  const control = new MasterControl({
    ...{ store, clock, running: dispatch },
    schedulers: () => schedulers,
    stopMaster: parts.stopMaster,
  });
  const api = createApi({
    store,
    control,
    queue: dispatch,
    estimates,
    title: config.title,
    masterId,
    forceForms: () => forceForms(schedulers),
    metrics: [counters, new FarmGauges(store)],
    logger: logger.child({ room: 'api' }),
  });
  const socket = resolve(basedir, 'master.sock');
  const doors = [api.unixDoor(socket, owner), ...(config.listen.api ? [api.tcpDoor(config.listen.api)] : [])];
  const ssh = sshEndpoint(parts);
  const tries = await Promise.all(
    config.schedulers
      .filter((scheduler) => scheduler.type === 'try')
      .map((scheduler) => tryServices(parts, scheduler, schedulers, api)),
  );
  return {
    services: [
      new Housekeeping({ store, clock, logger, retention: () => config.retention }),
      estimates,
      counters,
      alertsOf(parts),
      new WorkerWatch({
        ...{ store, clock, logger },
        graceMs: config.workerLink.grace,
        maxSuspicionMs: config.suspect.maxDelay,
      }),
      workers,
      dispatch,
      workerDoor,
      api,
      ...doors,
      ...tries.flat(),
      ...(ssh ? [ssh] : []),
    ],
    describe: () => ({
      socket,
      workersUrl: `ws://${workerDoor.address}`,
      addresses: [
        ...(doors[1] ? [`api http://${doors[1].address}`] : []),
        `workers ws://${workerDoor.address}`,
        ...(ssh?.address ? [`ssh ${ssh.address.address}:${ssh.address.port}`] : []),
      ],
    }),
    drain: () => dispatch.drain(),
    leave: () => leave(store, masterId, logger),
  };
}

/** A master whose disk has failed cannot say that it leaves, and must leave all the same. */
async function leave(store: Store, masterId: number, logger: Logger): Promise<void> {
  try {
    await store.masterStopped(masterId);
  } catch (error) {
    logger.error({ err: error }, `it is not kept that this master has stopped: ${messageOf(error)}`);
  }
}

/** What the store must know of the configuration. */
function inventoryOf(config: MasterConfig): Inventory {
  return {
    builders: config.builders.map(({ name, description = null, tags }) => ({ name, description, tags })),
    workers: config.workers.map(({ name, maxBuilds, tags }) => ({ name, maxBuilds, tags })),
    schedulers: config.schedulers.map(({ name, type }) => ({ name, type })),
    eligible: config.builders.flatMap((builder) =>
      eligibleWorkers(builder, config.workers).map((worker): [string, string] => [builder.name, worker]),
    ),
  };
}

function schedulerPlans(config: MasterConfig, registered: Registered): SchedulerPlan[] {
  const builderIds = new Map(registered.builders.map(({ name, builderId }) => [name, builderId]));
  const schedulerIds = new Map(registered.schedulers.map(({ name, schedulerId }) => [name, schedulerId]));
  return config.schedulers.map(({ name, type, builders, properties, priority, maxPriority }) => ({
    schedulerId: schedulerIds.get(name) as number,
    name,
    type,
    builders: builders.map((builder) => ({ name: builder, builderId: builderIds.get(builder) as number })),
    properties,
    priority,
    maxPriority: maxPriority ?? priority,
  }));
}

function forceForms(schedulers: readonly SchedulerPlan[]): { name: string; builders: string[] }[] {
  return schedulers
    .filter(({ type }) => type === 'force')
    .map(({ name, builders }) => ({ name, builders: builders.map((builder) => builder.name) }));
}

/** Names and passwords of the workers that may connect. */
async function workerAccounts(basedir: string, config: MasterConfig, registered: Registered) {
  const ids = new Map(registered.workers.map(({ name, workerId }) => [name, workerId]));
  return Promise.all(
    config.workers.map(async ({ name, password, passwordFile }) => ({
      workerId: ids.get(name) as number,
      name,
      password: password ?? (await readPassword(resolve(basedir, passwordFile as string))),
    })),
  );
}

async function readPassword(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new UserError(`cannot read the password of a worker: ${messageOf(error)}`, { cause: error });
  }
}

/** A try directory with everything that looks after it. */
async function tryServices(
  { basedir, store, clock, logger }: Parts,
  config: TrySchedulerConfig,
  schedulers: readonly SchedulerPlan[],
  api: Pick<ReturnType<typeof createApi>, 'handleConnection'>,
): Promise<Service[]> {
  const path = resolve(basedir, config.jobdir);
  const gateways = new Set(config.gateways ?? [ownAccount()]);
  const { name, maxJobBytes } = config;
  const log = logger.child({ scheduler: name });
  const directory = await openTryDirectory({ path, maxJobBytes, gateways });
  const plan = schedulers.find((scheduler) => scheduler.name === name) as SchedulerPlan;
  const intake = new JobIntake({ store, directory, scheduler: () => plan, maxJobBytes, logger: log });
  const serve: typeof api.handleConnection = (stream, caller) => api.handleConnection(stream, caller);
  return [
    new TryWatcher({ name, directory, intake, clock, logger: log }),
    new Gateway({ name, directory: path, gateways, maxJobBytes, intake, serve, logger: log }),
  ];
}

/** What a program of the administrator's may see of the master's environment. */
const COMMAND_ENVIRONMENT = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'TZ', 'TMPDIR'];

function alertsOf({ basedir, config, store, logger }: Parts): Alerts {
  const { alerts } = config;
  const log = logger.child({ room: 'alerts' });
  if (alerts === undefined) return new Alerts({ store, logger: log, tell: null });
  const env = inheritedEnvironment(COMMAND_ENVIRONMENT);
  const command = { argv: alerts.command, timeoutMs: alerts.timeout, cwd: basedir, env };
  const tell = (json: string, signal: AbortSignal) => runAlertCommand(command, json, signal);
  return new Alerts({ store, logger: log, tell });
}

function sshEndpoint({ basedir, config, logger }: Parts): SshEndpoint | null {
  const { ssh } = config.listen;
  if (ssh === undefined) return null;
  const at = ssh.address.lastIndexOf(':');
  return new SshEndpoint({
    host: ssh.address.slice(0, at).replace(/^\[(.*)\]$/, '$1'),
    port: Number(ssh.address.slice(at + 1)),
    hostKeyFile: resolve(basedir, ssh.hostKey),
    authorizedKeysFile: resolve(basedir, ssh.authorizedKeys),
    env: inheritedEnvironment(COMMAND_ENVIRONMENT),
    logger: logger.child({ room: 'ssh' }),
  });
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => {
    done ??= action();
    return done;
  };
}
