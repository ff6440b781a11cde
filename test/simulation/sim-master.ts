/**
 * The master: its real dispatch, build runners, control and worker desks over the model of the store. What it has in
 * memory dies with it; the disk stays.
 */
import type { Duplex } from 'node:stream';
import {
  type Hello,
  type LivenessTiming,
  type MasterConfigInput,
  masterConfigSchema,
  negotiateVersion,
  PROTOCOL_VERSIONS,
  parseMessage,
  type Worker,
  workerMessageSchema,
} from '@buildbot/shared';
import type { WebSocket } from 'ws';
import { recipesOf } from '../../packages/master/src/builds/recipes.ts';
import type { RetryPolicy } from '../../packages/master/src/core/retry.ts';
import type { SuspectPolicy } from '../../packages/master/src/core/suspect.ts';
import type { Recipes } from '../../packages/master/src/ports/recipe.ts';
import type { Logger } from '../../packages/master/src/ports/service.ts';
import type { Store } from '../../packages/master/src/ports/store.ts';
import { MasterControl } from '../../packages/master/src/services/control.ts';
import { Dispatch } from '../../packages/master/src/services/dispatch.ts';
import { WorkerWatch } from '../../packages/master/src/services/worker-watch.ts';
import type { LinkTiming } from '../../packages/master/src/workers/absence.ts';
import { Desks } from '../../packages/master/src/workers/desks.ts';
import { Link } from '../../packages/master/src/workers/link.ts';
import type { Disk } from './disk.ts';
import { ModelStore } from './model-store.ts';
import type { Network, SimSocket } from './network.ts';
import type { Random } from './random.ts';
import { type Actor, newActor, type VirtualTime } from './virtual-time.ts';

export interface SimMasterDeps {
  time: VirtualTime;
  random: Random;
  network: Network;
  disk: Disk;
  config: Pick<MasterConfigInput, 'builders' | 'workers' | 'schedulers'>;
  timing: LinkTiming;
  retry: RetryPolicy;
  suspect: SuspectPolicy;
  trace: (line: string) => void;
  /** The master wrote an error into its log. */
  onError: (line: string) => void;
}

/** Of the master that lives. */
export interface Serving {
  actor: Actor;
  store: ModelStore;
  dispatch: Dispatch;
  control: MasterControl;
  desks: Desks;
}

/** Wall clock of the simulation's beginning: records carry believable times. */
export const EPOCH_MS = 1_800_000_000_000;

export class SimMaster {
  readonly #deps: SimMasterDeps;
  readonly #recipes: Recipes;
  #starts = 0;
  #serving: Serving | null = null;
  actor: Actor = newActor('master');

  constructor(deps: SimMasterDeps) {
    this.#deps = deps;
    this.#recipes = this.#register();
    this.actor.isDead = true;
  }

  /** What may be asked of it now; `null` while it is down. */
  get serving(): Serving | null {
    return this.actor.isDead ? null : this.#serving;
  }

  get isUp(): boolean {
    return this.serving !== null && this.actor.frozenUntil <= this.#deps.time.now;
  }

  start(): void {
    if (!this.actor.isDead) return;
    const { time, trace } = this.#deps;
    this.actor = newActor(`master (start ${++this.#starts})`);
    const { actor } = this;
    trace(`${actor.name} starts`);
    time.after(0, () => void this.#serve(actor), actor);
  }

  /** SIGKILL. */
  crash(): void {
    if (this.actor.isDead) return;
    const { network, trace } = this.#deps;
    trace(`${this.actor.name} is killed`);
    this.actor.isDead = true;
    this.#serving = null;
    network.listener = null;
    network.reset(this.actor);
  }

  freeze(ms: number): void {
    this.#deps.trace(`${this.actor.name} freezes for ${ms} ms`);
    this.actor.frozenUntil = Math.max(this.actor.frozenUntil, this.#deps.time.now + ms);
  }

  async #serve(actor: Actor): Promise<void> {
    const { time, random, network, disk, timing, retry, suspect, trace } = this.#deps;
    const clock = { now: () => EPOCH_MS + time.now, monotonic: () => time.now };
    const logger = loggerTo((line) => trace(`${actor.name} ${line}`), this.#deps.onError);
    const model = new ModelStore({ disk, time, random, actor, logger, now: clock.now, latencyMs: 4 });
    const store = model as unknown as Store;
    for (const worker of disk.workers.values()) worker.connected = false;
    const desks = new Desks({ store, clock, logger, timing, window: 64 * 1024 });
    desks.configure(
      [...disk.workers.values()].map(({ workerId, name }) => ({ workerId, name, password: 'secret' })),
    );
    const recipes = this.#recipes;
    const dispatch = new Dispatch({
      ...{ store, pool: desks, clock, logger, masterId: 1, recipes: () => recipes },
      ...{ retry, suspect },
    });
    const stopMaster = (): void => undefined;
    const control = new MasterControl({ store, clock, running: dispatch, schedulers: () => [], stopMaster });
    const watch = new WorkerWatch({
      ...{ store, clock, logger, graceMs: timing.graceMs, maxSuspicionMs: suspect.maxDelay },
    });
    await watch.start();
    await dispatch.start();
    this.#serving = { actor, store: model, dispatch, control, desks };
    network.listener = {
      actor,
      accept: (socket) => greet({ socket, timing, clock, desks }),
    };
    trace(`${actor.name} serves`);
  }

  #register(): Recipes {
    const { disk } = this.#deps;
    const config = masterConfigSchema.parse(this.#deps.config);
    const builders = config.builders.map(({ name, tags }, index) => ({
      ...{ builderId: index + 1, name, tags, description: null, configured: true },
    }));
    const workers = config.workers.map(({ name, maxBuilds, tags }, index) =>
      workerRow(index + 1, name, maxBuilds, tags),
    );
    for (const worker of workers) disk.workers.set(worker.workerId, worker);
    return recipesOf(config, { builders, workers });
  }
}

function workerRow(workerId: number, name: string, maxBuilds: number, tags: string[]): Worker {
  return {
    ...{
      workerId,
      name,
      maxBuilds,
      tags,
      configured: true,
      connected: false,
      paused: false,
      graceful: false,
    },
    ...{
      availability: 'eager',
      availabilityRule: 'default',
      suspect: null,
      losses: 0,
      missingAt: null,
      awayAt: null,
      silentAt: null,
    },
    ...{ availabilityReason: null, availabilityUntil: null, admin: null },
    info: { admin: null, host: null, accessUri: null, version: null, system: null, cpus: 2 },
  };
}

/** The door as `workers/doorman.ts` has it, without HTTP: a hello, then the desk. */
function greet(at: {
  socket: SimSocket;
  timing: LivenessTiming;
  clock: { now(): number; monotonic(): number };
  desks: Desks;
}): void {
  const { socket, timing, clock, desks } = at;
  const link = new Link({
    ws: socket as unknown as WebSocket,
    socket: socket as unknown as Duplex,
    clock,
    timing,
  });
  const silent = { onBinary: () => undefined, onProbe: () => undefined, onClose: () => undefined };
  link.attach({
    ...silent,
    onText: (text) => {
      const parsed = parseMessage(workerMessageSchema, text);
      const hello = parsed.ok && parsed.value.type === 'hello' ? (parsed.value as Hello) : null;
      const protocol = hello && negotiateVersion(PROTOCOL_VERSIONS, hello.protocol);
      const admission = hello && desks.accounts.admit(hello.worker, hello.password, hello.bootId);
      if (hello === null || protocol === null || admission?.ok !== true) return link.cut('not a worker');
      link.attach({ ...silent, onText: () => link.cut('spoke out of turn') });
      desks.seat(admission.account, link, hello, protocol);
    },
  });
}

/** Everything from a warning on is part of the trace; no story gives a sound master a reason for an error. */
function loggerTo(write: (line: string) => void, onError: (line: string) => void): Logger {
  const line = (fields: object, message: string): string => {
    const { err } = fields as { err?: unknown };
    return `${message}${err instanceof Error ? ` (${err.stack ?? err.message})` : ''}`;
  };
  const logger: Logger = {
    ...{ debug: () => undefined, info: () => undefined },
    warn: (fields, message) => write(`warns: ${line(fields, message)}`),
    error: (fields, message) => onError(line(fields, message)),
    child: () => logger,
  };
  return logger;
}
