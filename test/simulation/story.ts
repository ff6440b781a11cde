/** What happens in one simulation, all of it from the seed: the farm, what people ask of it, and what goes wrong. */
import type { MasterConfigInput } from '@buildbot/shared';
import { type Behaviour, commandFor } from './processes.ts';
import type { Random } from './random.ts';

/** Somebody hands in a job, and may think better of it. Times are milliseconds since the beginning. */
export interface Wish {
  at: number;
  builderIds: number[];
  priority: number;
  /** Moments at which it is called off, after it was accepted. */
  cancels: { after: number; by: string; what: 'request' | 'build' }[];
}

export type Fault =
  | { at: number; kind: 'cut' | 'slow'; worker: number }
  | { at: number; kind: 'silence'; worker: number; ms: number; ways: readonly ('up' | 'down')[] }
  | { at: number; kind: 'refusal'; worker: number; ms: number }
  | { at: number; kind: 'freeze'; worker: number; ms: number }
  | { at: number; kind: 'crash' | 'power'; worker: number; ms: number }
  | { at: number; kind: 'pause'; worker: number; ms: number }
  | { at: number; kind: 'master-crash' | 'master-freeze'; ms: number };

export type FaultKind = Fault['kind'];

/** The part of `master.yaml` that the core is about. */
export type FarmConfig = {
  [K in 'builders' | 'workers' | 'schedulers']-?: NonNullable<MasterConfigInput[K]>;
};

export interface Story {
  config: FarmConfig;
  wishes: Wish[];
  faults: Fault[];
  /** All faults are over by then. */
  lastsMs: number;
}

export interface StoryOptions {
  requests: number;
  /** Which faults there may be; all by default. */
  faults: readonly FaultKind[];
  /** How many of the requests are called off, from 0 to 1. */
  cancels: number;
}

export const ALL_FAULTS: readonly FaultKind[] = [
  ...(['cut', 'slow', 'silence', 'refusal', 'freeze', 'crash', 'power', 'pause'] as const),
  ...(['master-crash', 'master-freeze'] as const),
];

export function tell(random: Random, options: StoryOptions): Story {
  const workers = random.int(2, 5);
  const config = farm(random.fork(), workers);
  const builders = config.builders.length;
  const lastsMs = random.int(60, 240) * 1000;
  const wishes = Array.from({ length: options.requests }, () =>
    wish(random, { builders, lastsMs, ...options }),
  );
  const faults: Fault[] = [];
  const gapMs = random.pick([2000, 5000, 15_000]);
  for (
    let at = random.int(0, gapMs);
    at < lastsMs && options.faults.length > 0;
    at += random.int(1, 2 * gapMs)
  ) {
    faults.push(fault(random, { at, kind: random.pick(options.faults), workers }));
  }
  // Half of what people do, they do at the very moment at which something breaks.
  for (const wish of wishes) {
    if (faults.length > 0 && random.chance(0.5))
      wish.at = Math.max(0, random.pick(faults).at - random.int(0, 10));
  }
  return { config, wishes, faults, lastsMs };
}

function farm(random: Random, workers: number): FarmConfig {
  const names = Array.from({ length: workers }, (_, index) => `w${index + 1}`);
  const some = (): [string, ...string[]] => {
    const chosen = names.filter(() => random.chance(0.6));
    return [chosen[0] ?? 'w1', ...chosen.slice(1)];
  };
  const builder = (name: string, eligible: string[]) => ({
    name,
    workers: eligible,
    steps: Array.from({ length: random.int(1, 3) }, (_, index) => ({
      ...{ type: 'shell', name: `step ${index}`, command: commandFor(behaviour(random)) },
      ...{ alwaysRun: random.chance(0.2), haltOnFailure: random.chance(0.5) },
    })),
  });
  return {
    workers: names.map((name) => ({ name, password: 'secret', maxBuilds: random.int(1, 3) })),
    builders: [builder('everywhere', names), builder('somewhere', some()), builder('elsewhere', some())],
    schedulers: [],
  };
}

function behaviour(random: Random): Behaviour {
  return {
    ms: random.pick([0, 20, 300, 2000, 8000, 20_000]),
    pieces: random.int(0, 6),
    exitCode: random.chance(0.15) ? 1 : 0,
    stubbornMs: random.pick([0, 10, 3000]),
  };
}

function wish(random: Random, at: { builders: number; lastsMs: number; cancels: number }): Wish {
  const isCancelled = random.chance(at.cancels);
  const cancels = Array.from({ length: isCancelled ? random.int(1, 3) : 0 }, (_, index) => ({
    after: random.pick([random.int(0, 30), random.int(0, 1000), random.int(0, 20_000)]),
    by: `person ${index + 1}`,
    what: random.pick(['request', 'request', 'build'] as const),
  }));
  const builderIds = [random.int(1, at.builders)];
  if (random.chance(0.2)) builderIds.push(random.int(1, at.builders));
  return {
    at: random.int(0, at.lastsMs),
    builderIds: [...new Set(builderIds)],
    priority: random.int(-1, 2),
    cancels,
  };
}

function fault(
  random: Random,
  { at, kind, workers }: { at: number; kind: FaultKind; workers: number },
): Fault {
  const worker = random.int(0, workers - 1);
  const ms = random.pick([random.int(1, 100), random.int(100, 5000), random.int(5000, 45_000)]);
  const ways = random.pick([['up'], ['down'], ['up', 'down']] as const);
  switch (kind) {
    case 'cut':
    case 'slow':
      return { at, kind, worker };
    case 'silence':
      return { at, kind, worker, ms, ways };
    case 'master-crash':
    case 'master-freeze':
      return { at, kind, ms: Math.min(ms, 20_000) };
    default:
      return { at, kind, worker, ms };
  }
}
