/** What every test of the contract works with: a fresh store with a master, two workers and two builders. */
import { zstdCompressSync } from 'node:zlib';
import type { Command, CommandOutcome, Log, Properties, StoredEvent } from '@buildbot/shared';
import { onTestFinished } from 'vitest';
import type {
  ClaimedBuild,
  Inventory,
  NewBuildSet,
  NewSourceStamp,
  WorkerEffect,
} from '../../ports/records.ts';
import type { Clock } from '../../ports/service.ts';
import type { Store } from '../../ports/store.ts';

/** A clock that stands still until it is told. */
export class TestClock implements Clock {
  time = 1_800_000_000_000;

  now(): number {
    return this.time;
  }

  monotonic(): number {
    return this.time;
  }

  advance(ms: number): void {
    this.time += ms;
  }
}

/** One place where stores can be opened, again and again. */
export interface Place {
  open(clock: Clock): Promise<Store>;
}

/** Makes a new empty place and removes it after the test. */
export type MakePlace = () => Promise<Place>;

export const INVENTORY: Inventory = {
  builders: [
    { name: 'linux', description: 'On Linux', tags: ['fast', 'main'] },
    { name: 'mac', description: null, tags: [] },
  ],
  workers: [
    { name: 'w1', maxBuilds: 2, tags: ['x64'] },
    { name: 'w2', maxBuilds: 0, tags: [] },
  ],
  schedulers: [{ name: 'try', type: 'try' }],
  eligible: [
    ['linux', 'w1'],
    ['linux', 'w2'],
    ['mac', 'w2'],
  ],
};

export const STAMP: NewSourceStamp = {
  codebase: '',
  repository: 'https://example.org/project.git',
  project: 'project',
  branch: 'main',
  revision: 'a'.repeat(40),
  patch: null,
};

export const BOOT = '0'.repeat(32);
export const COMMAND: Command = { kind: 'stat', builddir: 'linux', path: 'src' };
export const EXITED: CommandOutcome = {
  status: 'exited',
  code: 0,
  signal: null,
  cause: null,
  durationMs: 5,
  text: null,
  strays: 0,
};

/** A log frame of a worker with `text` as one run of standard output. */
export function logEffect(
  seq: number,
  log: Log,
  text: string | Uint8Array,
  key = `${log.buildId}.1.0.0`,
): WorkerEffect {
  const raw = Buffer.from(text);
  return {
    kind: 'log',
    seq,
    key,
    log: log.name,
    buildId: log.buildId,
    logId: log.logId,
    frame: {
      length: raw.length,
      newlines: raw.filter((byte) => byte === 10).length,
      runs: [['o', raw.length]],
    },
    payload: zstdCompressSync(raw),
  };
}

/** Everything an iterable of bytes holds. */
export async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

export class World {
  readonly clock: TestClock;
  readonly #place: Place;
  store: Store;
  masterId = 0;
  linux = 0;
  mac = 0;
  w1 = 0;
  w2 = 0;
  /** First path of each event since the world was made, in order. */
  readonly told: string[] = [];
  readonly events: StoredEvent[] = [];
  /** Logs whose growth was told. */
  readonly growth: Log[] = [];

  private constructor(place: Place, clock: TestClock, store: Store) {
    this.#place = place;
    this.clock = clock;
    this.store = store;
  }

  static async make(makePlace: MakePlace): Promise<World> {
    const place = await makePlace();
    const clock = new TestClock();
    const world = new World(place, clock, await place.open(clock));
    onTestFinished(() => world.store.close());
    await world.#settle();
    return world;
  }

  async #settle(): Promise<void> {
    this.masterId = (await this.store.registerMaster('host:/srv/master')).masterId;
    const { builders, workers } = await this.store.register(INVENTORY);
    [this.linux, this.mac] = builders.map(({ builderId }) => builderId) as [number, number];
    [this.w1, this.w2] = workers.map(({ workerId }) => workerId) as [number, number];
    this.store.onCommit((events, growth) => {
      this.events.push(...events);
      this.told.push(...events.map(({ paths }) => paths[0] as string));
      this.growth.push(...growth);
    });
  }

  /** Close the store and open it again, as a restarted master does. */
  async reopen(): Promise<void> {
    await this.store.close();
    this.store = await this.#place.open(this.clock);
    await this.#settle();
  }

  /** A build set for one or more builders. */
  buildSet(change: Partial<NewBuildSet> = {}): NewBuildSet {
    return {
      externalId: null,
      reason: 'because',
      submitter: 'alice',
      scheduler: 'try',
      sourceStamps: [STAMP],
      properties: {},
      builderIds: [this.linux],
      priority: 0,
      rebuiltBuildId: null,
      ...change,
    };
  }

  async request(properties: Properties = {}): Promise<number> {
    const { requests } = await this.store.addBuildSet(this.buildSet({ properties }));
    return requests[0]?.requestId as number;
  }

  async claim(requestId: number, workerId = this.w1): Promise<ClaimedBuild | null> {
    return await this.store.claim({ requestId, workerId, masterId: this.masterId, builddir: 'linux' });
  }

  /** A running build of a request of its own. */
  async build(properties: Properties = {}): Promise<ClaimedBuild> {
    return (await this.claim(await this.request(properties))) as ClaimedBuild;
  }

  /** A log of the one step of a running build. */
  async log(claimed?: ClaimedBuild): Promise<Log> {
    const { buildId } = (claimed ?? (await this.build())).build;
    const step = await this.store.startStep({ buildId, number: 0, name: 'test', stateString: 'running' });
    return (await this.store.addLog({ stepId: step?.stepId as number, name: 'stdio', type: 's' })) as Log;
  }

  async finish(buildId: number, results: 0 | 1 | 2 | 6 = 0): Promise<boolean> {
    return await this.store.finishBuild({
      buildId,
      results,
      stateString: 'done',
      infrastructure: false,
      request: { kind: 'complete' },
      worker: null,
    });
  }

  /** First path of each event that `work` caused. */
  async toldBy(work: () => Promise<unknown>): Promise<string[]> {
    const before = this.told.length;
    await work();
    return this.told.slice(before);
  }
}
