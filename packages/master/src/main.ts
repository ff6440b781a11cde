/**
 * A whole master, from its folder and its configuration: opens the store, has the parts made and wired (`composition/`,
 * the only place that knows all rooms), starts them in order and stops them the other way round. `buildbot-master run`,
 * `buildbot try --local` and the tests all start a master here.
 */
import type { MasterConfig } from '@buildbot/shared';
import { systemClock } from './clock.ts';
import { compose } from './composition/compose.ts';
import { silentLogger } from './log.ts';
import type { Reconfigured, Refusal } from './ports/control.ts';
import { type Clock, type FailPoint, type Logger, noFailPoint, type Service } from './ports/service.ts';
import { openStore } from './store/open.ts';

export interface MasterOptions {
  /** Absolute path of the master's folder. */
  basedir: string;
  config: MasterConfig;
  /** Reads and checks the configuration anew, for `reconfigure`. Left out: there is no file that could be read. */
  readConfig?: () => Promise<MasterConfig>;
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
  /** Take over what has changed in the configuration; refused when it is not sound. */
  reconfigure(): Promise<Reconfigured | Refusal>;
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
      readConfig: options.readConfig ?? null,
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
      reconfigure: () => master.reconfigure(),
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

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => {
    done ??= action();
    return done;
  };
}
