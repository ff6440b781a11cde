/**
 * The invariants of reliability.md, section 4.0, held against everything that becomes durable and every process that
 * begins, at the moment it happens; and those that bound time twice a second. The first one that breaks ends the run.
 */
import type { BuildRow, CommandRow, Disk, RequestRow, Witness } from './disk.ts';
import type { Processes, SimProcess } from './processes.ts';
import { EPOCH_MS, type SimMaster } from './sim-master.ts';
import type { SimWorker } from './sim-worker.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A worker in good health may keep a process this long after the end of its build. Milliseconds. */
const ORPHAN_MS = 10_000;
/** A request may wait this long beside an idle worker. Milliseconds. */
const IDLE_MS = 2000;
/** A worker that did not answer a ping is left alone for ten seconds; the ping itself takes up to five. */
const TRUST_MS = 16_000;

export interface Watched {
  time: VirtualTime;
  disk: Disk;
  processes: Processes;
  master: SimMaster;
  workers: readonly SimWorker[];
  /** Ids of the workers that a builder may use. */
  eligible: (builderId: number) => readonly number[];
  /** Whether the cable of a worker passes everything now. */
  isCableSound: (worker: string) => boolean;
}

export class Checker implements Witness {
  /** What broke first; `null` while all is well. */
  violation: string | null = null;
  #watched: Watched | null = null;
  readonly #jobs = new Map<string, string>();
  readonly #accepted = new Set<number>();
  readonly #ended = new Set<number>();
  readonly #completed = new Set<number>();
  readonly #healthySince = new Map<string, number>();
  readonly #idleSince = new Map<number, number>();

  watch(watched: Watched): void {
    this.#watched = watched;
  }

  /** I1: what was accepted is there, once, however often it is handed in. */
  accepted(jobId: string, requestIds: number[]): void {
    const ids = requestIds.join();
    if ((this.#jobs.get(jobId) ?? ids) !== ids) this.#broken('I1', `job ${jobId} was accepted twice`);
    this.#jobs.set(jobId, ids);
    for (const id of requestIds) this.#accepted.add(id);
  }

  /** I3: attempts are counted, one at a time, and none is begun for what was called off. */
  claimed(build: BuildRow, request: RequestRow): void {
    const { disk } = this.#world();
    const attempts = disk.buildsOfRequest.get(request.requestId) ?? [];
    const { requestId } = request;
    if (attempts.length !== request.attempts)
      this.#broken(
        'I3',
        `request ${requestId} counts ${request.attempts} attempts and has ${attempts.length}`,
      );
    if (attempts.filter(({ completeAt }) => completeAt === null).length > 1)
      this.#broken('I3', `request ${requestId} has two attempts at once`);
    if (request.cancel !== null) this.#broken('I5', `request ${requestId} was called off and began again`);
    const { maxBuilds, name } = disk.workers.get(build.workerId) ?? { maxBuilds: 0, name: '?' };
    const running = [...disk.unfinished].filter(({ workerId }) => workerId === build.workerId).length;
    if (maxBuilds > 0 && running > maxBuilds) this.#broken('I7', `worker ${name} runs ${running} builds`);
  }

  /** I2: nothing is written on behalf of a build that has ended. */
  wrote(build: BuildRow, what: string): void {
    if (build.completeAt !== null)
      this.#broken('I2', `${what} was written for build ${build.buildId} after its end`);
  }

  /** I4: bytes that count are those that the process wrote, at their place. */
  logged(key: string, log: string, offset: number, bytes: Uint8Array): void {
    const written = this.#world()
      .processes.all.get(key)
      ?.output.subarray(offset, offset + bytes.length);
    if (written === undefined || !written.equals(bytes))
      this.#broken('I4', `log ${log} of command ${key} has other bytes at ${offset} than the process wrote`);
  }

  /** I4: all output has arrived when the end has. */
  ended({ key, outcome, received }: CommandRow): void {
    const process = this.#world().processes.all.get(key);
    if (outcome?.status !== 'exited' || process === undefined) return;
    const arrived = received.stdio ?? 0;
    const { length } = process.output;
    if (arrived !== length) this.#broken('I4', `command ${key} wrote ${length} bytes and ${arrived} arrived`);
  }

  /** I5: one end. */
  finished({ buildId }: BuildRow): void {
    if (this.#ended.has(buildId)) this.#broken('I5', `build ${buildId} ended twice`);
    this.#ended.add(buildId);
  }

  completed({ requestId }: RequestRow): void {
    if (this.#completed.has(requestId)) this.#broken('I5', `request ${requestId} was completed twice`);
    this.#completed.add(requestId);
  }

  /** I3: no command runs without a record of it, and none twice. */
  started({ key, worker }: SimProcess, isFirst: boolean): void {
    const { disk } = this.#world();
    const [buildId = '', attempt = ''] = key.split('.');
    const build = disk.builds.get(Number(buildId));
    if (!isFirst) this.#broken('I3', `command ${key} was begun a second time, on ${worker}`);
    if (build?.attempt !== Number(attempt) || !disk.commands.has(key))
      this.#broken('I3', `command ${key} runs on ${worker} and nothing is known of it`);
  }

  /** The master says itself that something went wrong. */
  failed(line: string): void {
    this.#broken('error', line);
  }

  /** What takes time: to be called twice a second. */
  tick(): void {
    const world = this.#world();
    for (const worker of world.workers) this.#noteHealth(worker);
    for (const process of world.processes.living) this.#checkOrphan(process);
    for (const request of world.disk.open) this.#checkWaiting(request);
  }

  /** I1, I5, I6, I7 at the end, when all faults are over and everything had its time. */
  settled(): void {
    const { disk, processes } = this.#world();
    const jobs = [...disk.sets.values()].map(({ externalId }) => externalId);
    if (new Set(jobs).size < jobs.length)
      this.#broken('I1', 'a job that was handed in twice was taken in twice');
    for (const id of this.#accepted) {
      const request = disk.requests.get(id);
      if (request === undefined) this.#broken('I1', `request ${id} was accepted and is gone`);
      else if (request.completeAt === null) this.#broken('I5', `request ${id} is still ${request.state}`);
    }
    for (const { buildId } of disk.unfinished) this.#broken('I5', `build ${buildId} never ends`);
    for (const { key, worker } of processes.living)
      this.#broken('I6', `command ${key} still runs on ${worker}`);
  }

  #noteHealth(worker: SimWorker): void {
    const { master, time, isCableSound } = this.#world();
    if (worker.state.kind === 'stopped' && !worker.actor.isDead)
      this.#broken('I7', `${worker.name} will not come back: ${worker.state.reason}`);
    const connected = master.isUp ? (master.serving?.desks.connected() ?? []) : [];
    const isThere = connected.some(({ name }) => name === worker.name);
    const isSound = worker.isUp && worker.state.kind === 'connected' && isCableSound(worker.name);
    if (!isThere || !isSound) this.#healthySince.delete(worker.name);
    else if (!this.#healthySince.has(worker.name)) this.#healthySince.set(worker.name, time.now);
  }

  #healthyFor(worker: string): number {
    const since = this.#healthySince.get(worker);
    return since === undefined ? 0 : this.#world().time.now - since;
  }

  /** I6: a process does not outlive its build for long. */
  #checkOrphan({ key, worker }: SimProcess): void {
    const { disk, time } = this.#world();
    const completeAt = disk.builds.get(Number(key.split('.')[0]))?.completeAt ?? null;
    if (completeAt === null || this.#healthyFor(worker) < ORPHAN_MS) return;
    if (time.now - (completeAt - EPOCH_MS) > ORPHAN_MS)
      this.#broken('I6', `command ${key} runs on ${worker} long after its build`);
  }

  /** I7, seen from outside: a slot that did not come back is a worker that idles beside a request. */
  #checkWaiting(request: RequestRow): void {
    const { time } = this.#world();
    const { requestId } = request;
    const idle = this.#idleWorkerFor(request);
    if (idle === null) this.#idleSince.delete(requestId);
    else if (!this.#idleSince.has(requestId)) this.#idleSince.set(requestId, time.now);
    else if (time.now - (this.#idleSince.get(requestId) ?? 0) > IDLE_MS) {
      const why = this.#world().master.serving?.dispatch.waitingReason(requestId) ?? 'nothing';
      this.#broken('I7', `request ${requestId} waits beside the idle worker ${idle} (it says: ${why})`);
    }
  }

  #idleWorkerFor({ state, notBefore, requestId, builderId }: RequestRow): string | null {
    const { disk, time, master, eligible } = this.#world();
    const now = EPOCH_MS + time.now;
    if (state !== 'pending' || (notBefore ?? 0) > now) return null;
    // Its ping is under way, perhaps to a worker that will not answer it.
    if (master.serving?.dispatch.waitingReason(requestId) === 'is about to start') return null;
    for (const workerId of eligible(builderId)) {
      const worker = disk.workers.get(workerId);
      if (worker === undefined || worker.paused || worker.graceful || (worker.suspect?.until ?? 0) > now)
        continue;
      const running = [...disk.unfinished].filter((build) => build.workerId === workerId).length;
      if (running < worker.maxBuilds && this.#healthyFor(worker.name) > TRUST_MS) return worker.name;
    }
    return null;
  }

  #world(): Watched {
    if (this.#watched === null) throw new Error('the checker watches nothing yet');
    return this.#watched;
  }

  #broken(invariant: string, what: string): void {
    this.violation ??= `${invariant}: ${what} (after ${(this.#world().time.now / 1000).toFixed(3)} s)`;
  }
}
