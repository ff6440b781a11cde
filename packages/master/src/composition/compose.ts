/** The parts of one master and how they are wired through their ports. Nothing runs yet. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { type MasterConfig, messageOf, UserError } from '@buildbot/shared';
import { type Api, type ApiDeps, createApi } from '../api/api.ts';
import type { Difference } from '../config/difference.ts';
import { withPasswords } from '../config/passwords.ts';
import type { Reconfigured, Refusal } from '../ports/control.ts';
import type { Clock, Logger, Service } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import { Alerts } from '../services/alerts.ts';
import { BuildCounters } from '../services/build-counters.ts';
import { MasterControl } from '../services/control.ts';
import { Dispatch } from '../services/dispatch.ts';
import { PastEstimates } from '../services/estimates.ts';
import { FarmGauges } from '../services/farm-gauges.ts';
import { Housekeeping } from '../services/housekeeping.ts';
import { WorkerWatch } from '../services/worker-watch.ts';
import { WorkerDoor } from '../workers/worker-door.ts';
import { WorkerSessions } from '../workers/worker-sessions.ts';
import { type InForce, inForceOf, inventoryOf } from './in-force.ts';
import { alertTeller, sshEndpoint } from './outside.ts';
import { entranceSettings, tcpSafety } from './people.ts';
import { Reconfiguration } from './reconfiguration.ts';
import { TryDoors } from './try-doors.ts';

/** What a master is made of. */
export interface Parts {
  basedir: string;
  config: MasterConfig;
  /** Reads the configuration anew; `null` for a master that has no file. */
  readConfig: (() => Promise<MasterConfig>) | null;
  clock: Clock;
  logger: Logger;
  owner: string;
  store: Store;
  stopMaster: (options: { graceful: boolean }) => void;
}

export interface Composition {
  /** In the order of their start; they stop the other way round. */
  services: Service[];
  describe(): { addresses: readonly string[]; workersUrl: string; socket: string };
  reconfigure(): Promise<Reconfigured | Refusal>;
  drain(): Promise<void>;
  leave(): Promise<void>;
}

export async function compose(parts: Parts): Promise<Composition> {
  const { basedir, clock, logger, store } = parts;
  const { masterId } = await store.registerMaster(`${hostname()}:${basedir}`);
  const config = await withPasswords(basedir, parts.config);
  let inForce = inForceOf(config, await store.register(inventoryOf(config)));
  const now = (): InForce => inForce;

  const { workers, workerDoor, watch } = workerSide(parts, now);
  const dispatch = newDispatch(parts, { masterId, workers, now });
  const counters = new BuildCounters(store);
  const estimates = new PastEstimates({ store });
  const alerts = newAlerts(parts, now);
  const control = new MasterControl({
    ...{ store, clock, running: dispatch, stopMaster: parts.stopMaster },
    schedulers: () => now().schedulers,
    reconfigure: () => reconfiguration.run(),
  });
  const metrics = [counters, new FarmGauges(store)];
  const api = newApi(parts, { control, queue: dispatch, estimates, masterId, metrics }, now);
  const tries = new TryDoors({ basedir, store, clock, logger, api }, inForce.tries);
  const reconfiguration = new Reconfiguration({
    ...{ store, logger, current: now },
    read: async () => await withPasswords(basedir, await readAgain(parts)),
    prepare: (next) => tries.configure(next.tries),
    apply: async (next: InForce, { settings }: Difference) => {
      inForce = next;
      api.reconsider();
      workers.configure(next.accounts);
      dispatch.wake();
      if (!settings.includes('alerts')) return;
      await alerts.stop();
      await alerts.start();
    },
  });
  const { doors, listening, describe } = doorsOf(parts, { api, workerDoor });
  return {
    services: [
      new Housekeeping({ store, clock, logger, retention: () => now().config.retention }),
      ...[estimates, counters, alerts, watch, workers, dispatch, workerDoor, api],
      ...[...doors, tries, ...listening, reconfiguration, api.farewell],
    ],
    describe,
    reconfigure: () => reconfiguration.run(),
    drain: () => drain(dispatch, { store, masterId, logger }),
    leave: () => leave(store, masterId, logger),
  };
}

/** Their door opens late: builds that go on must have asked for their commands before the first worker comes. */
function workerSide({ store, clock, logger }: Parts, now: () => InForce) {
  const { workerLink, listen } = now().config;
  const { keepalive: keepaliveMs, timeout: timeoutMs, grace: graceMs } = workerLink;
  const workers = new WorkerSessions({
    ...{ store, clock, workers: now().accounts, logger: logger.child({ room: 'workers' }) },
    timing: { keepaliveMs, timeoutMs, graceMs },
  });
  const watch = new WorkerWatch({
    ...{ store, clock, logger, graceMs },
    get maxSuspicionMs() {
      return now().config.suspect.maxDelay;
    },
  });
  return { workers, watch, workerDoor: new WorkerDoor(workers, listen.workers) };
}

function newDispatch(
  { store, clock, logger }: Parts,
  more: { masterId: number; workers: WorkerSessions; now: () => InForce },
): Dispatch {
  const { masterId, workers, now } = more;
  return new Dispatch({
    ...{ store, clock, logger, masterId, pool: workers.pool },
    recipes: () => now().recipes,
    get retry() {
      return now().config.retry;
    },
    get suspect() {
      return now().config.suspect;
    },
    get pingTimeoutMs() {
      return now().config.workerLink.ping;
    },
  });
}

function newApi(
  { basedir, store, clock, logger }: Parts,
  more: Pick<ApiDeps, 'control' | 'queue' | 'estimates' | 'masterId' | 'metrics'>,
  now: () => InForce,
): Api {
  const { heartbeat } = now().config.listen;
  return createApi({
    ...{ ...more, store, clock, random: randomBytes },
    get title() {
      return now().config.title;
    },
    ...(heartbeat === undefined ? {} : { heartbeatMs: heartbeat }),
    forceForms: () => now().forceForms,
    settings: () => entranceSettings(basedir, now().config),
    logger: logger.child({ room: 'api' }),
  });
}

function newAlerts({ basedir, store, logger }: Parts, now: () => InForce): Alerts {
  return new Alerts({
    ...{ store, logger: logger.child({ room: 'alerts' }) },
    get tell() {
      return alertTeller(basedir, now().config.alerts);
    },
  });
}

/** Where people come in, in the order in which their doors open, and how these are described. */
function doorsOf({ basedir, config, logger, owner }: Parts, more: { api: Api; workerDoor: WorkerDoor }) {
  const { api, workerDoor } = more;
  const socket = resolve(basedir, 'master.sock');
  const tcp =
    config.listen.api === undefined
      ? null
      : api.tcpDoor(config.listen.api, tcpSafety(basedir, config.listen));
  const ssh = sshEndpoint(basedir, config.listen, logger);
  return {
    doors: [api.unixDoor(socket, owner), ...(tcp ? [tcp] : [])],
    listening: ssh ? [ssh] : [],
    describe: () => ({
      socket,
      workersUrl: `ws://${workerDoor.address}`,
      addresses: [
        ...(tcp ? [`api ${config.listen.tls ? 'https' : 'http'}://${tcp.address}`] : []),
        `workers ws://${workerDoor.address}`,
        ...(ssh?.address ? [`ssh ${ssh.address.address}:${ssh.address.port}`] : []),
      ],
    }),
  };
}

async function readAgain({ readConfig }: Parts): Promise<MasterConfig> {
  if (readConfig === null)
    throw new UserError('this master has no configuration file that it could read again');
  return await readConfig();
}

/** Waits for the builds that run, also when it cannot be kept that it does. */
async function drain(
  dispatch: Dispatch,
  { store, masterId, logger }: Pick<Parts, 'store' | 'logger'> & { masterId: number },
): Promise<void> {
  const drained = dispatch.drain();
  try {
    await store.masterDraining(masterId);
  } catch (error) {
    logger.error({ err: error }, `it is not kept that this master is to stop: ${messageOf(error)}`);
  }
  await drained;
}

/** A master whose disk has failed cannot say that it leaves, and must leave all the same. */
async function leave(store: Store, masterId: number, logger: Logger): Promise<void> {
  try {
    await store.masterStopped(masterId);
  } catch (error) {
    logger.error({ err: error }, `it is not kept that this master has stopped: ${messageOf(error)}`);
  }
}
