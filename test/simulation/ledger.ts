/**
 * The rules of the rows in the model of the store: what the end of an attempt means for its request, its worker and its
 * build set, and which events tell of a change. Whatever the core decides purely is asked of the core.
 */
import { zstdDecompressSync } from 'node:zlib';
import {
  type BuildResource,
  type BuildSet,
  buildEventPaths,
  buildRequestResource,
  buildResource,
  CANCELLED,
  type RequestEvent,
  type Results,
  requestEventPaths,
  type StepEvent,
  type StoredEvent,
  stepEventPaths,
  stepResource,
  type Worker,
  type WorkerEvent,
  workerEventPaths,
  workerNotePaths,
  workerResource,
  worstOf,
} from '@buildbot/shared';
import type { RequestEnd, WorkerReport } from '../../packages/master/src/core/attempt-end.ts';
import { suspicionOf } from '../../packages/master/src/core/suspect.ts';
import type { ClaimedBuild, WorkerEffect } from '../../packages/master/src/ports/records.ts';
import type { BuildRow, Disk, RequestRow, StepRow } from './disk.ts';
import type { Verb } from './disk-time.ts';

export class Ledger {
  /** Told with the next commit. */
  readonly events: StoredEvent[] = [];
  readonly #disk: Disk;
  readonly #now: () => number;

  constructor(disk: Disk, now: () => number) {
    this.#disk = disk;
    this.#now = now;
  }

  take(workerId: number, effect: WorkerEffect): void {
    if (effect.kind === 'stale') {
      const { key, what } = effect;
      this.emit(workerNotePaths(workerId, 'stale'), {
        workerid: workerId,
        name: this.worker(workerId).name,
        key,
        what,
      });
      return;
    }
    if (effect.kind === 'log') {
      this.#takeLog(effect);
      return;
    }
    if (effect.kind !== 'ended') return;
    const command = this.#disk.commands.get(effect.key);
    if (command === undefined || this.#disk.live(command.buildId) === null) return;
    this.#disk.witness.wrote(
      this.#disk.builds.get(command.buildId) as BuildRow,
      `the outcome of ${effect.key}`,
    );
    if (command.outcome !== null) return;
    command.outcome = effect.outcome;
    this.#disk.witness.ended(command);
  }

  #takeLog(effect: Extract<WorkerEffect, { kind: 'log' }>): void {
    const { key, log: name, buildId, logId, payload } = effect;
    const log = this.#disk.logs.get(logId);
    const command = this.#disk.commands.get(key);
    const build = this.#disk.live(buildId);
    if (log === undefined || command === undefined || build === null || (log.complete && this.#disk.hasFence))
      return;
    this.#disk.witness.wrote(build, `bytes of ${key}`);
    const offset = command.received[name] ?? 0;
    const bytes = zstdDecompressSync(payload);
    command.received = { ...command.received, [name]: offset + bytes.length };
    log.bytes += bytes.length;
    this.#disk.witness.logged(key, name, offset, bytes);
  }

  addRequest(buildSetId: number, builderId: number, priority: number): void {
    const request: RequestRow = {
      ...{ requestId: this.#disk.nextId(), buildSetId, builderId, priority, state: 'pending' },
      ...{ submittedAt: this.#now(), claimedAt: null, completeAt: null, results: null, attempts: 0 },
      ...{ failures: 0, shelved: null, notBefore: null, cancel: null, lastWorkerId: null },
    };
    this.#disk.requests.set(request.requestId, request);
    this.#disk.open.add(request);
    this.tellRequest(request, 'new');
  }

  addedBefore(buildSetId: number): {
    buildSetId: number;
    requests: { requestId: number; builderId: number }[];
  } {
    const requests = [...this.#disk.requests.values()].filter((request) => request.buildSetId === buildSetId);
    return { buildSetId, requests: requests.map(({ requestId, builderId }) => ({ requestId, builderId })) };
  }

  endAttempt(build: BuildRow, results: Results, end: RequestEnd): void {
    const request = this.#disk.requests.get(build.requestId) as RequestRow;
    if (end.kind === 'complete') {
      this.completeRequest(request, results);
      return;
    }
    if (request.state !== 'claimed' || request.cancel !== null) {
      this.completeRequest(request, CANCELLED);
      return;
    }
    request.claimedAt = null;
    if (build.infrastructure) request.failures++;
    if (build.infrastructure || (end.kind === 'retry' && end.elsewhere))
      request.lastWorkerId = build.workerId;
    if (end.kind === 'retry') Object.assign(request, { state: 'pending', notBefore: end.notBefore });
    else Object.assign(request, { state: 'shelved', shelved: { at: this.#now(), reason: end.reason } });
    this.tellRequest(request, end.kind === 'retry' ? 'unclaimed' : 'shelved');
  }

  completeRequest(request: RequestRow, results: Results): void {
    if (request.completeAt !== null && this.#disk.hasFence) return;
    Object.assign(request, { state: 'complete', completeAt: this.#now(), results, shelved: null });
    this.#disk.open.delete(request);
    this.tellRequest(request, 'complete');
    this.#disk.witness.completed(request);
    const set = this.set(request.buildSetId);
    const all = [...this.#disk.requests.values()].filter(({ buildSetId }) => buildSetId === set.buildSetId);
    if (all.some(({ completeAt }) => completeAt === null)) return;
    Object.assign(set, {
      completeAt: this.#now(),
      results: worstOf(all.map((one) => one.results as Results)),
    });
  }

  report(build: BuildRow, report: WorkerReport): void {
    const worker = this.worker(build.workerId);
    if (report.kind === 'well') {
      this.trust(worker, true);
      return;
    }
    const { builds, lossBuilds } = this.#disk;
    // What ran already at the last loss was part of it.
    if (build.buildId <= (lossBuilds.get(worker.workerId) ?? 0)) return;
    lossBuilds.set(worker.workerId, Math.max(...builds.keys()));
    worker.losses++;
    const suspicion = suspicionOf(report.policy, { losses: worker.losses, reason: report.reason });
    if (suspicion !== null)
      worker.suspect = { until: this.#now() + suspicion.delay, reason: suspicion.reason };
    this.tellWorker(worker, suspicion === null ? 'state_updated' : 'suspected');
  }

  trust(worker: Worker, forget: boolean): void {
    const before = worker.suspect;
    const losses = forget ? 0 : worker.losses;
    if (before === null && worker.losses === losses) return;
    Object.assign(worker, { suspect: null, losses });
    this.tellWorker(worker, before === null ? 'state_updated' : 'trusted');
  }

  newsOf(before: Worker, state: Verb<'setWorkerState'>[1]): WorkerEvent | null {
    if (state.connected === true && !before.connected) return 'connected';
    if (state.connected === false && before.connected) return 'disconnected';
    const isChanged = Object.entries(state).some(
      ([key, value]) => JSON.stringify(before[key as keyof Worker]) !== JSON.stringify(value),
    );
    return isChanged ? 'state_updated' : null;
  }

  claimed(build: BuildRow): ClaimedBuild {
    const request = this.#disk.requests.get(build.requestId) as RequestRow;
    return { build: { ...build }, request: { ...request }, buildSet: { ...this.set(request.buildSetId) } };
  }

  set(buildSetId: number): BuildSet {
    return this.#disk.sets.get(buildSetId) as BuildSet;
  }

  step(stepId: number): StepRow {
    return this.#disk.steps.get(stepId) as StepRow;
  }

  worker(workerId: number): Worker {
    return this.#disk.workers.get(workerId) as Worker;
  }

  tellRequest(request: RequestRow, event: RequestEvent): void {
    const resource = buildRequestResource(request, { masterId: 1, properties: null, waitingReason: null });
    this.emit(requestEventPaths(resource, event), resource);
  }

  tellBuild(build: BuildRow, event: 'new' | 'update' | 'finished'): void {
    const resource: BuildResource = buildResource(build);
    this.emit(buildEventPaths(resource, event), resource);
  }

  tellStep(step: StepRow, event: StepEvent): void {
    const resource = stepResource(step);
    this.emit(stepEventPaths(resource, event), resource);
  }

  tellWorker(worker: Worker, event: WorkerEvent): void {
    this.emit(workerEventPaths(worker.workerId, event), this.workerResource(worker));
  }

  workerResource(worker: Worker): unknown {
    return workerResource(worker, { masterId: 1, builderIds: [], runningBuilds: 0 });
  }

  emit(paths: string[], body: unknown): void {
    this.events.push({ number: ++this.#disk.events, paths, body, at: this.#now() });
  }
}
