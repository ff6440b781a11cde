/**
 * Which faults come when, all from one seed. Faults are drawn in lanes: what happens to one process or link happens in
 * order, what happens to different ones overlaps. Pure: nothing here touches a process.
 */
import type { Random } from './random.ts';

/** What may be asked for by name: `--faults kill,link`. */
export const FAULT_KINDS = ['kill', 'worker', 'freeze', 'link', 'stop', 'disk', 'sync', 'clock'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Trouble on the link between one worker and the master. */
export type LinkTrouble =
  /** Cut after so many more bytes. */
  | { what: 'cut'; how: 'reset' | 'end' | 'half'; afterBytes: number }
  /** A storm of resets. */
  | { what: 'storm'; cuts: number; everyMs: number }
  /** Silence in one or both directions, connection open. */
  | { what: 'silence'; directions: ('up' | 'down')[]; ms: number }
  | { what: 'slow'; sliceBytes?: number; delayMs?: number; bytesPerSecond?: number; ms: number }
  /** A second connection that says what the first one said. */
  | { what: 'duplicate' }
  | { what: 'refuse'; ms: number };

export type Fault =
  /** SIGKILL of the master, now; with a `point` its next life ends there as well. */
  | { kind: 'kill'; point: string | null; downMs: number }
  /** SIGKILL of a worker, now; with a `point` its next life ends there as well. */
  | { kind: 'worker'; point: string | null; downMs: number }
  | { kind: 'freeze'; ms: number }
  | { kind: 'link'; trouble: LinkTrouble }
  /** Order this share of everything that is open to stop, all at once. */
  | { kind: 'stop'; share: number }
  | { kind: 'disk'; ms: number }
  /** The n-th sync of the next run of the master fails. */
  | { kind: 'sync'; nth: number }
  /** The clock of the process moves. */
  | { kind: 'clock'; jumpMs: number };

/** One fault, so long after the one before it in its lane. */
export interface PlannedFault {
  waitMs: number;
  fault: Fault;
}

/** Whom a lane is about. Workers are counted from 0; a worker's link has a lane of its own. */
export type LaneOf = 'master' | 'people' | `worker ${number}` | `link ${number}`;

export type FaultPlan = Map<LaneOf, PlannedFault[]>;

export interface FaultOptions {
  kinds: readonly FaultKind[];
  /** Faults in all. */
  count: number;
  workers: number;
  /** Longest wait between two faults of a lane. Milliseconds. */
  maxWaitMs: number;
  /** Longest freeze or silence. Milliseconds. */
  maxFreezeMs: number;
  /** Points at which a master, or a worker, can be told to kill itself. */
  points: readonly string[];
  workerPoints: readonly string[];
}

/** What the store writes on the way of a build. */
const VERBS = [
  'addBuildSet',
  'acceptTryJob',
  'claim',
  'beginBuild',
  'startStep',
  'addLog',
  'putCommand',
  'openSession',
  'commitWorkerEffects',
  'finishStep',
  'finishBuild',
  'takeUpBuilds',
];

/** Right before and right after the commits on the way of a build (`packages/master/src/daemon/fail-point.ts`). */
export const FAIL_POINTS = VERBS.flatMap((verb) => [`before-commit:${verb}`, `after-commit:${verb}`]);

export function planFaults(random: Random, options: FaultOptions): FaultPlan {
  const plan: FaultPlan = new Map();
  for (let n = 0; n < options.count && options.kinds.length > 0; n++) {
    const kind = random.pick(options.kinds);
    const lane = laneOf(random, kind, options.workers);
    const planned = { waitMs: random.below(options.maxWaitMs + 1), fault: drawFault(random, kind, options) };
    plan.set(lane, [...(plan.get(lane) ?? []), planned]);
  }
  return plan;
}

function laneOf(random: Random, kind: FaultKind, workers: number): LaneOf {
  const worker = random.below(workers);
  if (kind === 'worker') return `worker ${worker}`;
  if (kind === 'link') return `link ${worker}`;
  if (kind === 'stop') return 'people';
  const mayBeWorkers = kind === 'freeze' || kind === 'disk' || kind === 'clock';
  return mayBeWorkers && random.chance(0.5) ? `worker ${worker}` : 'master';
}

const DAY_MS = 86_400_000;

function drawFault(random: Random, kind: FaultKind, options: FaultOptions): Fault {
  switch (kind) {
    case 'kill':
      return { kind, point: drawPoint(random, options.points), downMs: random.below(300) };
    case 'worker':
      return { kind, point: drawPoint(random, options.workerPoints), downMs: random.below(500) };
    case 'freeze':
      return { kind, ms: random.magnitude(10, options.maxFreezeMs) };
    case 'link':
      return { kind, trouble: drawTrouble(random, options.maxFreezeMs) };
    case 'stop':
      return { kind, share: random.pick([0.1, 0.5, 1]) };
    case 'disk':
      return { kind, ms: random.between(200, 2_000) };
    case 'sync':
      return { kind, nth: random.magnitude(1, 300) };
    case 'clock':
      return { kind, jumpMs: random.pick([-DAY_MS, -60_000, 60_000, DAY_MS]) };
  }
}

/** In half of all cases: one of the points, the first or a later time. */
function drawPoint(random: Random, points: readonly string[]): string | null {
  if (points.length === 0 || random.chance(0.5)) return null;
  return `${random.pick(points)}@${random.magnitude(1, 8)}`;
}

function drawTrouble(random: Random, maxMs: number): LinkTrouble {
  const ms = random.magnitude(10, maxMs);
  switch (random.below(10)) {
    case 0:
      return { what: 'storm', cuts: random.between(2, 10), everyMs: random.between(1, 200) };
    case 1:
      return {
        what: 'silence',
        directions: random.pick([['up'], ['down'], ['up', 'down']] as const).slice(),
        ms,
      };
    case 2:
      return { what: 'slow', sliceBytes: random.pick([1, 2, 3, 100]), ms };
    case 3:
      return { what: 'slow', delayMs: random.between(1, 100), bytesPerSecond: 200_000, ms };
    case 4:
      return { what: 'duplicate' };
    case 5:
      return { what: 'refuse', ms };
    default:
      return {
        what: 'cut',
        how: random.pick(['reset', 'end', 'half'] as const),
        afterBytes: random.magnitude(1, 20_000),
      };
  }
}
