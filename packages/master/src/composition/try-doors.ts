/**
 * The try directories of the configuration in force, each with everything that looks after it. A directory is known by
 * its path: whatever else changes about its scheduler (the name, the builders, who may submit for others) reaches it
 * while it works.
 */
import { resolve } from 'node:path';
import { messageOf, UserError } from '@buildbot/shared';
import type { Api } from '../api/api.ts';
import type { SchedulerPlan } from '../ports/schedulers.ts';
import type { Clock, Logger, Service } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import type { TryDirectory } from '../ports/try-directory.ts';
import { Lifecycle } from '../services/lifecycle.ts';
import { JobIntake } from '../services/try-intake.ts';
import { ownAccount } from '../try/accounts.ts';
import { openTryDirectory, type TryDirectoryOptions } from '../try/directory.ts';
import { Gateway } from '../try/gateway.ts';
import { TryWatcher } from '../try/watcher.ts';
import type { TryPlan } from './in-force.ts';

export interface TryDoorsDeps {
  basedir: string;
  store: Store;
  clock: Clock;
  logger: Logger;
  /** Serves those who attach themselves. */
  api: Pick<Api, 'handleConnection'>;
}

export class TryDoors implements Service {
  readonly name = 'try directories';
  readonly #deps: TryDoorsDeps;
  /** By absolute path. */
  readonly #doors = new Map<string, TryDoor>();
  /** Nobody gets in any more, but people may still be attached. */
  readonly #retired: TryDoor[] = [];
  readonly #lifecycle: Lifecycle;

  /** `plans` are those of the start. */
  constructor(deps: TryDoorsDeps, plans: readonly TryPlan[]) {
    this.#deps = deps;
    this.#lifecycle = new Lifecycle({ start: () => this.configure(plans), stop: () => this.#close() });
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /** Look after these directories from now on. When one cannot be opened everything stays as it was. */
  async configure(plans: readonly TryPlan[]): Promise<void> {
    const wanted = new Map(plans.map((plan) => [resolve(this.#deps.basedir, plan.config.jobdir), plan]));
    const opened = await this.#open([...wanted].filter(([path]) => !this.#doors.has(path)));
    for (const [path, plan] of wanted) this.#doors.get(path)?.follow(plan);
    for (const [path, door] of [...this.#doors]) if (!wanted.has(path)) await this.#retire(path, door);
    for (const [path, door] of opened) this.#doors.set(path, door);
  }

  /** All of them, or none. */
  async #open(wanted: [string, TryPlan][]): Promise<[string, TryDoor][]> {
    const opened: [string, TryDoor][] = [];
    try {
      for (const [path, plan] of wanted) opened.push([path, await TryDoor.open(this.#deps, path, plan)]);
      return opened;
    } catch (error) {
      for (const [, door] of opened) await door.close();
      if (error instanceof UserError) throw error;
      throw new UserError(`a try directory cannot be opened: ${messageOf(error)}`, { cause: error });
    }
  }

  async #retire(path: string, door: TryDoor): Promise<void> {
    this.#doors.delete(path);
    this.#retired.push(door);
    await door.retire();
  }

  async #close(): Promise<void> {
    const doors = [...this.#doors.values(), ...this.#retired.splice(0)];
    this.#doors.clear();
    for (const door of doors) await door.close();
  }
}

/** What counts for one directory now. Read whenever it matters, because it may change while the directory is open. */
class TrySettings implements TryDirectoryOptions {
  readonly path: string;
  #plan: TryPlan;
  #gateways: ReadonlySet<string>;

  constructor(path: string, plan: TryPlan) {
    this.path = path;
    this.#plan = plan;
    this.#gateways = gatewaysOf(plan);
  }

  get scheduler(): SchedulerPlan {
    return this.#plan.plan;
  }

  get gateways(): ReadonlySet<string> {
    return this.#gateways;
  }

  get maxJobBytes(): number {
    return this.#plan.config.maxJobBytes;
  }

  follow(plan: TryPlan): void {
    this.#plan = plan;
    this.#gateways = gatewaysOf(plan);
  }
}

function gatewaysOf({ config }: TryPlan): ReadonlySet<string> {
  return new Set(config.gateways ?? [ownAccount()]);
}

/** One try directory that is looked after. */
class TryDoor {
  readonly #settings: TrySettings;
  readonly #watcher: TryWatcher;
  readonly #gateway: Gateway;

  private constructor(
    { store, clock, logger, api }: TryDoorsDeps,
    settings: TrySettings,
    directory: TryDirectory,
  ) {
    const { name } = settings.scheduler;
    const log = logger.child({ scheduler: name });
    this.#settings = settings;
    const intake = new JobIntake({
      ...{ store, directory, logger: log, scheduler: () => settings.scheduler },
      get maxJobBytes() {
        return settings.maxJobBytes;
      },
    });
    this.#watcher = new TryWatcher({ name, directory, intake, clock, logger: log });
    this.#gateway = new Gateway({
      ...{ name, directory: settings.path, intake, logger: log },
      get gateways() {
        return settings.gateways;
      },
      get maxJobBytes() {
        return settings.maxJobBytes;
      },
      serve: (stream, caller) => api.handleConnection(stream, caller),
    });
  }

  static async open(deps: TryDoorsDeps, path: string, plan: TryPlan): Promise<TryDoor> {
    const settings = new TrySettings(path, plan);
    const door = new TryDoor(deps, settings, await openTryDirectory(settings));
    try {
      await door.#watcher.start();
      await door.#gateway.start();
      return door;
    } catch (error) {
      await door.close();
      throw error;
    }
  }

  follow(plan: TryPlan): void {
    this.#settings.follow(plan);
  }

  /** Take nothing more in. Who is attached goes on seeing their builds. */
  async retire(): Promise<void> {
    await this.#watcher.stop();
    await this.#gateway.retire();
  }

  async close(): Promise<void> {
    await this.#gateway.stop();
    await this.#watcher.stop();
  }
}
