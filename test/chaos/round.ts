/**
 * One round of chaos: a world of its own, jobs coming in, faults; then all faults are taken back, everything must come
 * to rest, and what happened is judged. The whole round follows from its seed, as far as real processes can.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { CANCELLED, RETRY } from '@buildbot/shared';
import { MOMENTS } from '../../packages/worker/src/fail-point.ts';
import { controlGroupHome } from '../support/control-groups.ts';
import { check, type History, type Violation } from './checker.ts';
import { FAIL_POINTS, type Fault, type FaultKind, planFaults } from './fault-plan.ts';
import { applyFaults, type FaultLog, startMaster } from './faults.ts';
import { probeReason, readRecords } from './history.ts';
import { ALL_ESCAPES, type Job, MARKED_ESCAPES, planJobs, resultsOf } from './jobs.ts';
import { Listener } from './listener.ts';
import { type Random, randomFrom } from './random.ts';
import { submit } from './submitter.ts';
import { type ChaosWorld, createChaosWorld } from './world.ts';

export interface RoundOptions {
  seed: number;
  kinds: readonly FaultKind[];
  faults: number;
  jobs: number;
  workers: number;
  /** Time over which the jobs come in. Milliseconds. */
  spanMs: number;
  maxTextBytes: number;
  /** Longest wait between two faults of a lane, longest freeze. Milliseconds. */
  maxWaitMs: number;
  maxFreezeMs: number;
  /** How long master and worker wait for one another. Milliseconds. */
  graceMs: number;
  /** Share of the steps that leave processes behind. */
  escapes: number;
  /** How long everything may take to come to its end once the faults are over. Milliseconds. */
  settleMs: number;
  signal: AbortSignal;
}

export interface RoundResult {
  seed: number;
  faults: ReadonlyMap<Fault['kind'], number>;
  accepted: number;
  builds: number;
  starts: number;
  /** Builds that were tried again, with a record: how many for which reason. */
  retried: ReadonlyMap<string, number>;
  cancelled: number;
  logs: number;
  logBytes: number;
  events: number;
  fugitives: number;
  /** Connections that workers made. */
  connections: number;
  /** Milliseconds from a master's start until it served. */
  recoveries: number[];
  violations: Violation[];
  /** Folder that was left for looking into; `null` when all was well. */
  left: string | null;
}

/** A process of a build is gone so long after everything has ended. Milliseconds. */
const ORPHAN_MS = 5_000;

export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const random = randomFrom(options.seed);
  const world = await createChaosWorld(random.fork('texts'), {
    workers: options.workers,
    texts: 14,
    maxTextBytes: options.maxTextBytes,
    kinds: options.kinds,
    graceMs: options.graceMs,
  });
  let isClean = false;
  try {
    const result = await play(world, random, options);
    isClean = result.violations.length === 0;
    return { ...result, left: isClean ? null : world.dir };
  } finally {
    if (isClean || options.signal.aborted) await world.remove();
    else await world.end();
  }
}

async function play(world: ChaosWorld, random: Random, options: RoundOptions): Promise<RoundResult> {
  const { seed, signal } = options;
  const log: FaultLog = { done: new Map(), recoveries: [], stopped: new Set() };
  await startMaster({ world, log, signal });
  await Promise.all(world.workers.map(({ daemon }) => daemon.start()));
  const listener = new Listener(world.api);
  const jobs = planJobs(random.fork('jobs'), {
    count: options.jobs,
    spanMs: options.spanMs,
    texts: world.texts.length,
    escapes: options.escapes,
    ways: (await controlGroupHome()) === null ? MARKED_ESCAPES : ALL_ESCAPES,
    prefix: `job-${seed}`,
  });
  const plan = planFaults(random.fork('faults'), {
    ...{ ...options, count: options.faults, points: FAIL_POINTS, workerPoints: MOMENTS },
  });
  try {
    const accepted = new Set<string>();
    await Promise.all([
      handIn(world, jobs, accepted, signal),
      applyFaults({ world, random: random.fork('orders'), log, signal }, plan),
    ]);
    await heal(world, log, signal);
    await comeToRest(world, options);
    const history = await record({ world, jobs, accepted, log, listener, options });
    const connections = world.workers.reduce((sum, { proxy }) => sum + proxy.connections, 0);
    return { ...summary(seed, history, log), connections };
  } finally {
    await listener.stop();
  }
}

async function handIn(
  world: ChaosWorld,
  jobs: readonly Job[],
  accepted: Set<string>,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    jobs.map(async (job) => {
      await delay(job.atMs, undefined, { signal });
      await submit(world, job, signal);
      accepted.add(job.id);
    }),
  );
}

/** Take back whatever is still wrong: from here on nothing stands in the way. */
async function heal(world: ChaosWorld, log: FaultLog, signal: AbortSignal): Promise<void> {
  for (const { proxy, daemon, clock } of world.workers) {
    proxy.plan = () => ({});
    proxy.change({});
    proxy.thaw();
    proxy.refuse(false);
    daemon.thaw();
    await clock?.shift(0);
    if (!daemon.isUp) await daemon.start();
  }
  world.master.daemon.thaw();
  await world.master.clock?.shift(0);
  await startMaster({ world, log, signal });
}

/** Until every request has its end, or its time is over: then the checker finds what is stuck. */
async function comeToRest({ api }: ChaosWorld, { settleMs, signal }: RoundOptions): Promise<void> {
  const open = '/api/v2/buildrequests?complete=false';
  const deadline = performance.now() + settleMs;
  while (performance.now() < deadline && !signal.aborted) {
    const { buildrequests } = await api.get<{ buildrequests: object[] }>(open);
    if (buildrequests.length === 0) return;
    await delay(50);
  }
}

interface Ending {
  world: ChaosWorld;
  jobs: readonly Job[];
  accepted: ReadonlySet<string>;
  log: FaultLog;
  listener: Listener;
  options: RoundOptions;
}

async function record({ world, jobs, accepted, log, listener, options }: Ending): Promise<History> {
  const blockedWorkers = await findBlockedWorkers(world, options.signal);
  const orphans = await findOrphans(world);
  const newestEvent = await newestEventOf(world);
  await heardUpTo(listener, newestEvent);
  const hosts = [world.master, ...world.workers];
  return {
    ...(await readRecords(world, jobs)),
    jobs: jobs.map(({ id, steps }) => ({
      ...{ id, accepted: accepted.has(id), results: resultsOf({ steps }), steps: steps.length },
    })),
    ledger: await world.ledger(),
    stopped: log.stopped,
    events: listener.numbers.filter((number) => number <= newestEvent),
    newestEvent,
    completions: listener.completions,
    orphans,
    crashes: hosts.flatMap(({ daemon }) => daemon.crashes),
    blockedWorkers,
  };
}

/** One more build on each worker: what took a slot must have given it back. */
async function findBlockedWorkers({ api, workers }: ChaosWorld, signal: AbortSignal): Promise<string[]> {
  const blocked = await Promise.all(
    workers.map(async ({ daemon: { name } }) => {
      const params = { builderNames: [`probe-${name}`], reason: probeReason(name) };
      const [buildSetId] = await api.rpc<[number]>('forceschedulers/force', 'force', params);
      const deadline = performance.now() + 60_000;
      while (performance.now() < deadline && !signal.aborted) {
        const { buildsets } = await api.get<{ buildsets: { complete: boolean; results: number }[] }>(
          `/api/v2/buildsets/${buildSetId}`,
        );
        if (buildsets[0]?.complete) return buildsets[0].results === 0 ? null : name;
        await delay(50);
      }
      return name;
    }),
  );
  return blocked.filter((name) => name !== null);
}

async function findOrphans(world: ChaosWorld): Promise<{ pid: number; key: string }[]> {
  const deadline = performance.now() + ORPHAN_MS;
  for (;;) {
    const left = await world.buildProcesses();
    if (left.length === 0 || performance.now() > deadline) return left;
    await delay(50);
  }
}

async function newestEventOf({ api }: ChaosWorld): Promise<number> {
  const { statuses } = await api.get<{ statuses: { event_number: number }[] }>('/api/v2/status');
  return statuses[0]?.event_number ?? 0;
}

async function heardUpTo(listener: Listener, number: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  while ((listener.numbers.at(-1) ?? 0) < number && performance.now() < deadline) await delay(20);
}

function summary(seed: number, history: History, log: FaultLog): Omit<RoundResult, 'connections'> {
  const { requests, builds, ledger, jobs } = history;
  return {
    seed,
    faults: log.done,
    accepted: jobs.filter(({ accepted }) => accepted).length,
    builds: builds.length,
    starts: ledger.filter(({ kind }) => kind === 'start').length,
    retried: retryReasons(builds),
    cancelled: requests.filter(({ results }) => results === CANCELLED).length,
    logs: history.logs.length,
    logBytes: history.logs.reduce((sum, { bytes }) => sum + bytes, 0),
    events: history.newestEvent,
    fugitives: ledger.filter(({ kind }) => kind === 'fugitive').length,
    recoveries: log.recoveries,
    violations: check(history),
    left: null,
  };
}

/** What the attempts that were tried again said, without what differs from one to the next. */
function retryReasons(builds: History['builds']): Map<string, number> {
  const reasons = new Map<string, number>();
  for (const { stateString } of builds.filter(({ results }) => results === RETRY)) {
    const reason = stateString
      .replace(/ \(.*$/, '')
      .replaceAll(/'.*'/g, 'X')
      .replaceAll(/\d+/g, 'N');
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return reasons;
}
