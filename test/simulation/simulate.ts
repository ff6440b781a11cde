/**
 * One simulation: the real core of master and worker, on virtual time, over a model of the store, the network and the
 * processes, through the story that a seed tells. Deterministic: the same seed and code give the same run, event by event.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Checker } from './checker.ts';
import { Disk } from './disk.ts';
import { Network } from './network.ts';
import { People } from './people.ts';
import { Processes } from './processes.ts';
import { Random } from './random.ts';
import { SimMaster } from './sim-master.ts';
import { SimWorker } from './sim-worker.ts';
import { ALL_FAULTS, type Fault, type Story, type StoryOptions, tell } from './story.ts';
import { newActor, VirtualTime } from './virtual-time.ts';

export interface SimulationOptions extends Partial<StoryOptions> {
  seed: number;
  /** Told everything that happens. */
  trace?: (line: string) => void;
  /** Refuse writes for builds that have ended; without it the checker must find something. */
  hasFence?: boolean;
}

export interface SimulationResult {
  seed: number;
  /** What broke, `null` for nothing. */
  violation: string | null;
  requests: number;
  /** Attempts of all of them. */
  builds: number;
  faults: number;
  connections: number;
  cancelled: number;
  /** Of virtual time. */
  seconds: number;
}

const TIMING = { keepaliveMs: 5000, timeoutMs: 2000, graceMs: 30_000 };
const RETRY = { attempts: 3, delay: 1000, factor: 4, maxDelay: 30_000 };
const SUSPECT = { after: 3, delay: 5000, factor: 2, maxDelay: 20_000 };
/** Everything is over this long after the last fault, retries and their delays included. */
const BOUND_MS = 20 * 60_000;
/** Then what was left behind has this long to go. */
const AFTERMATH_MS = 40_000;
const TICK_MS = 500;
/** Longest delay of a message over a good link and over a bad one. */
const QUICK_MS = 5;
const SLOW_MS = 400;

/** The line that repeats a run. */
export function reproduction(seed: number): string {
  return `SEED=${seed} failed; see it happen: node --conditions=source test/simulation/run.ts --seed ${seed} --trace`;
}

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const folder = mkdtempSync(join(tmpdir(), 'bb-simulation-'));
  const time = new VirtualTime();
  const restore = time.install();
  try {
    return await new Simulation(options, time, folder).run();
  } finally {
    restore();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Simulation {
  readonly #seed: number;
  readonly #time: VirtualTime;
  readonly #story: Story;
  readonly #checker = new Checker();
  readonly #disk: Disk;
  readonly #network: Network;
  readonly #processes: Processes;
  readonly #master: SimMaster;
  readonly #workers: SimWorker[];
  readonly #people: People;
  readonly #trace: (line: string) => void;
  readonly #fate = newActor('fate');

  constructor(options: SimulationOptions, time: VirtualTime, folder: string) {
    const { seed, trace, hasFence = true } = options;
    const { requests = 60, faults = ALL_FAULTS, cancels = 0.25 } = options;
    const random = new Random(seed);
    this.#seed = seed;
    this.#time = time;
    this.#trace = (line) => trace?.(`${(time.now / 1000).toFixed(3).padStart(9)} ${line}`);
    this.#story = tell(random.fork(), { requests, faults, cancels });
    this.#disk = new Disk(this.#checker, hasFence);
    this.#network = new Network(time, random.fork());
    this.#processes = new Processes(time, (process, isFirst) => this.#checker.started(process, isFirst));
    const parts = { time, network: this.#network, trace: this.#trace };
    this.#master = new SimMaster({
      ...{ ...parts, random: random.fork(), disk: this.#disk, config: this.#story.config },
      ...{ timing: TIMING, retry: RETRY, suspect: SUSPECT },
      onError: (line) => this.#checker.failed(line),
    });
    this.#workers = (this.#story.config.workers ?? []).map(
      ({ name }) =>
        new SimWorker({ ...parts, name, random: random.fork(), processes: this.#processes, folder }),
    );
    this.#people = new People({ ...parts, disk: this.#disk, master: this.#master, checker: this.#checker });
    this.#checker.watch({
      ...{ time, disk: this.#disk, processes: this.#processes, master: this.#master, workers: this.#workers },
      eligible: (builderId) => this.#eligible(builderId),
      isCableSound: (name) => this.#isSound(name),
    });
  }

  async run(): Promise<SimulationResult> {
    const { wishes, faults, lastsMs } = this.#story;
    const fate = (at: number, act: () => void): void => void this.#time.after(at, act, this.#fate);
    this.#master.start();
    for (const worker of this.#workers) fate(0, () => worker.boot());
    for (const wish of wishes) this.#people.wish(wish);
    for (const fault of faults) fate(fault.at, () => this.#strike(fault));
    this.#tickFrom(0);
    const isBroken = (): boolean => this.#checker.violation !== null;
    await this.#time.play(lastsMs, isBroken);
    this.#heal();
    await this.#time.play(lastsMs + BOUND_MS, () => isBroken() || this.#people.areContent());
    await this.#time.play(this.#time.now + AFTERMATH_MS, isBroken);
    if (!isBroken()) this.#checker.settled();
    for (const worker of this.#workers) worker.close();
    return this.#result();
  }

  #tickFrom(at: number): void {
    this.#time.after(
      at,
      () => {
        this.#checker.tick();
        this.#tickFrom(TICK_MS);
      },
      this.#fate,
    );
  }

  #strike(fault: Fault): void {
    this.#trace(`fault: ${JSON.stringify(fault)}`);
    if ('worker' in fault) this.#strikeWorker(fault, this.#workers[fault.worker] as SimWorker);
    else if (fault.kind === 'master-freeze') this.#master.freeze(fault.ms);
    else {
      this.#master.crash();
      this.#later(fault.ms, () => this.#master.start());
    }
  }

  #strikeWorker(fault: Extract<Fault, { worker: number }>, worker: SimWorker): void {
    const cable = this.#network.cable(worker.name);
    const until = 'ms' in fault ? this.#time.now + fault.ms : 0;
    switch (fault.kind) {
      case 'cut':
        this.#network.cut(worker.name);
        break;
      case 'slow':
        cable.latencyMs = cable.latencyMs > QUICK_MS ? QUICK_MS : SLOW_MS;
        break;
      case 'silence':
        // Never shorter than it was to be: what waits for its end would be overtaken.
        for (const way of fault.ways) cable.silentUntil[way] = Math.max(cable.silentUntil[way], until);
        break;
      case 'refusal':
        cable.refusedUntil = until;
        this.#network.cut(worker.name);
        break;
      case 'freeze':
        worker.freeze(fault.ms);
        break;
      case 'pause':
        this.#people.control(fault.worker + 1, 'pause');
        this.#later(fault.ms, () => this.#people.control(fault.worker + 1, 'unpause'));
        break;
      case 'crash':
      case 'power':
        worker.crash(fault.kind === 'power');
        this.#later(fault.ms, () => worker.boot());
    }
  }

  /** All faults are over: whoever is down gets up, and nothing stands in the way. */
  #heal(): void {
    this.#trace('no more faults');
    this.#master.start();
    for (const [index, worker] of this.#workers.entries()) {
      worker.boot();
      const cable = this.#network.cable(worker.name);
      cable.refusedUntil = 0;
      cable.latencyMs = QUICK_MS;
      this.#people.control(index + 1, 'unpause');
    }
  }

  #later(ms: number, act: () => void): void {
    this.#time.after(ms, act, this.#fate);
  }

  #eligible(builderId: number): number[] {
    const { builders, workers } = this.#story.config;
    const names = builders?.[builderId - 1]?.workers;
    if (!Array.isArray(names)) return [];
    return (workers ?? []).flatMap(({ name }, index) => (names.includes(name) ? [index + 1] : []));
  }

  #isSound(name: string): boolean {
    const { silentUntil, refusedUntil } = this.#network.cable(name);
    return Math.max(silentUntil.up, silentUntil.down, refusedUntil) <= this.#time.now;
  }

  #result(): SimulationResult {
    const requests = [...this.#disk.requests.values()];
    return {
      seed: this.#seed,
      violation: this.#checker.violation,
      requests: requests.length,
      builds: this.#disk.builds.size,
      faults: this.#story.faults.length,
      connections: this.#network.made,
      cancelled: requests.filter(({ results }) => results === 6).length,
      seconds: this.#time.now / 1000,
    };
  }
}
