/** Does to a world what the plan says: one function per kind of fault, each of which also takes the fault back. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type DiskFailure, failingDisk } from '../support/shims/shims.ts';
import type { Daemon } from './daemon.ts';
import type { Fault, FaultPlan, LaneOf, LinkTrouble, PlannedFault } from './fault-plan.ts';
import type { Random } from './random.ts';
import { jobOfReason } from './submitter.ts';
import type { ChaosWorld, Host, WorkerHost } from './world.ts';

/** What was done, for the report and the checker. */
export interface FaultLog {
  /** Faults carried out, by kind. */
  done: Map<Fault['kind'], number>;
  /** Milliseconds from a master's start until it served. */
  recoveries: number[];
  /** Jobs that somebody ordered to stop. */
  stopped: Set<string>;
}

export interface FaultDeps {
  world: ChaosWorld;
  random: Random;
  log: FaultLog;
  signal: AbortSignal;
}

/** Carry out all lanes at once; resolves when the last fault has been taken back. */
export async function applyFaults(deps: FaultDeps, plan: FaultPlan): Promise<void> {
  await Promise.all([...plan].map(([lane, faults]) => runLane(deps, lane, faults)));
}

async function runLane(deps: FaultDeps, lane: LaneOf, faults: readonly PlannedFault[]): Promise<void> {
  for (const { waitMs, fault } of faults) {
    await delay(waitMs);
    if (deps.signal.aborted) return;
    await applyFault(deps, lane, fault);
    count(deps.log, fault.kind);
  }
}

function count({ done }: FaultLog, kind: Fault['kind']): void {
  done.set(kind, (done.get(kind) ?? 0) + 1);
}

async function applyFault(deps: FaultDeps, lane: LaneOf, fault: Fault): Promise<void> {
  const { world } = deps;
  const worker = world.workers[Number(lane.split(' ')[1])] as WorkerHost;
  const host: Host = lane === 'master' ? world.master : worker;
  switch (fault.kind) {
    case 'kill':
      return await killMaster(deps, fault);
    case 'worker':
      return await killWorker(deps, worker, fault);
    case 'freeze':
      return await freeze(host, fault.ms);
    case 'link':
      return await troubleLink(worker, fault.trouble);
    case 'stop':
      return await stopMany(deps, fault.share);
    case 'disk':
      return await fillDisk(host, fault.ms);
    case 'sync':
      return await failSync(deps, fault.nth);
    case 'clock':
      return await host.clock?.shift(fault.jumpMs);
  }
}

/** A point that is not passed in this time is given up. Milliseconds. */
const POINT_PATIENCE_MS = 2_000;

async function killMaster(
  deps: FaultDeps,
  { point, downMs }: Extract<Fault, { kind: 'kill' }>,
): Promise<void> {
  const { daemon } = deps.world.master;
  await daemon.end();
  if (point !== null) {
    await liveUntil(daemon, point);
    count(deps.log, 'kill');
  }
  await delay(downMs);
  await startMaster(deps);
}

/** A life that ends at this point, or soon. */
async function liveUntil(daemon: Daemon, point: string): Promise<void> {
  await daemon.start({ env: { BUILDBOT_FAILPOINT: point }, mayEnd: true }).catch(() => undefined);
  await daemon.endsByItself(POINT_PATIENCE_MS);
  await daemon.end();
}

/** Start the master and measure how long it takes to serve. A master that finds no space is started until it does. */
export async function startMaster({ world, log, signal }: Omit<FaultDeps, 'random'>): Promise<void> {
  const { daemon, disk } = world.master;
  for (let attempt = 0; !daemon.isUp && !signal.aborted; attempt++) {
    try {
      log.recoveries.push(await daemon.start({ mayEnd: disk !== null }));
    } catch (error) {
      if (disk === null || attempt > 100) throw error;
      await delay(100);
    }
  }
}

async function killWorker(
  deps: FaultDeps,
  { daemon }: WorkerHost,
  { point, downMs }: Extract<Fault, { kind: 'worker' }>,
): Promise<void> {
  await daemon.end();
  if (point !== null) {
    await liveUntil(daemon, point);
    count(deps.log, 'worker');
  }
  await delay(downMs);
  await daemon.start();
}

async function freeze({ daemon }: Host, ms: number): Promise<void> {
  daemon.freeze();
  await delay(ms);
  daemon.thaw();
}

async function troubleLink({ proxy }: WorkerHost, trouble: LinkTrouble): Promise<void> {
  switch (trouble.what) {
    case 'cut':
      return await cut(proxy, trouble);
    case 'storm':
      for (let cut = 0; cut < trouble.cuts; cut++) {
        proxy.cutAll();
        await delay(trouble.everyMs);
      }
      return;
    case 'silence':
      proxy.freeze(...trouble.directions);
      await delay(trouble.ms);
      return proxy.thaw();
    case 'slow': {
      const { what: _, ms, ...plan } = trouble;
      proxy.change(plan);
      await delay(ms);
      return proxy.change({});
    }
    case 'duplicate':
      return proxy.duplicate();
    case 'refuse':
      proxy.refuse(true);
      proxy.cutAll();
      await delay(trouble.ms);
      return proxy.refuse(false);
  }
}

/** A link that says too little to be cut is given up after this time. Milliseconds. */
const CUT_PATIENCE_MS = 2_000;

/** Cut after so many bytes; resolves when the worker has come back. */
async function cut(
  proxy: WorkerHost['proxy'],
  { how, afterBytes }: LinkTrouble & { what: 'cut' },
): Promise<void> {
  const plan = { cutAfterBytes: afterBytes, cut: how };
  const next = proxy.connections;
  const cutAt = proxy.isOpen ? next : next + 1;
  // Where there is no connection now it is for the next one.
  if (proxy.isOpen) proxy.change(plan);
  else proxy.plan = (index) => (index === next ? plan : {});
  const deadline = performance.now() + CUT_PATIENCE_MS;
  while (proxy.connections <= cutAt && performance.now() < deadline) await delay(10);
}

interface OpenRequest {
  buildrequestid: number;
  buildsetid: number;
}

/** Order a share of everything that is open to stop, all at once: half by request, half by build. */
async function stopMany({ world, random, log, signal }: FaultDeps, share: number): Promise<void> {
  const { api } = world;
  const orders = await patiently(signal, async () => {
    const open = '/api/v2/buildrequests?complete=false';
    const { buildrequests } = await api.get<{ buildrequests: OpenRequest[] }>(open);
    const { builds } = await api.get<{ builds: { buildid: number; buildrequestid: number }[] }>(
      '/api/v2/builds?complete=false',
    );
    const chosen = buildrequests.filter(() => random.chance(share));
    return await Promise.all(
      chosen.map(async ({ buildrequestid, buildsetid }) => {
        log.stopped.add(await jobOf(api, buildsetid));
        const build = builds.find((row) => row.buildrequestid === buildrequestid);
        return build !== undefined && random.chance(0.5)
          ? { path: `builds/${build.buildid}`, method: 'stop' }
          : { path: `buildrequests/${buildrequestid}`, method: 'cancel' };
      }),
    );
  });
  const reason = { reason: 'chaos' };
  await Promise.all(
    (orders ?? []).map(({ path, method }) => patiently(signal, () => api.rpc(path, method, reason))),
  );
}

async function jobOf(api: ChaosWorld['api'], buildSetId: number): Promise<string> {
  const { buildsets } = await api.get<{ buildsets: { external_idstring: string | null; reason: string }[] }>(
    `/api/v2/buildsets/${buildSetId}`,
  );
  const [set] = buildsets;
  return set?.external_idstring ?? jobOfReason(set?.reason ?? '') ?? '';
}

/** Try again while the master is away; `null` when there is no more time. */
async function patiently<T>(signal: AbortSignal, action: () => Promise<T>): Promise<T | null> {
  while (!signal.aborted) {
    try {
      return await action();
    } catch {
      await delay(50);
    }
  }
  return null;
}

async function fillDisk(host: Host, ms: number): Promise<void> {
  if (host.disk === null) return;
  const giveBack = await host.disk.fill();
  await delay(ms);
  await giveBack();
}

/** How long a run of the master is given to come to its n-th sync, and then to end. Milliseconds. */
const SYNC_PATIENCE_MS = 2_500;
const SYNC_END_MS = 15_000;

/** Let one sync of the master fail: it must end rather than go on as if the disk had it. */
async function failSync(deps: FaultDeps, nth: number): Promise<void> {
  const { daemon, basedir } = deps.world.master;
  await daemon.end();
  const failing = await failingDisk({ prefix: basedir, kind: 'sync', nth, error: 'EIO' });
  await daemon.start({ env: failing.env, mayEnd: true }).catch(() => undefined);
  const hasEnded = await daemon.endsByItself(SYNC_PATIENCE_MS);
  const failure = hasEnded ? null : await failing.failure();
  if (failure !== null && !isSpared(failure, basedir) && !(await daemon.endsByItself(SYNC_END_MS))) {
    daemon.crashes.push(`the master went on after sync ${nth} had failed (${failure.path})`);
  }
  await daemon.end();
  await startMaster(deps);
}

/**
 * Syncs without which SQLite goes on, and may: that of the folder, and those of a checkpoint, which only copies what has
 * been synced before and is tried again. A checkpoint syncs the write-ahead log once more before it copies; the sync of
 * a commit always has frames to keep.
 */
function isSpared({ path, wasWritten }: DiskFailure, basedir: string): boolean {
  if (path === basedir || path === join(basedir, 'state.sqlite')) return true;
  return path === join(basedir, 'state.sqlite-wal') && !wasWritten;
}
