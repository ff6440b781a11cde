/**
 * The store port as the core sees it, on rows in memory and virtual time. Each verb takes effect at one moment and is
 * answered a little later; a master that dies in between never hears, and the next one finds the effect. The real store is
 * held to the same promises by its contract suite and by the crash tests of `test/chaos`.
 */
import { zstdDecompressSync } from 'node:zlib';
import {
  BugError,
  type Build,
  type BuildResource,
  type BuildSet,
  buildEventPaths,
  buildRequestResource,
  buildResource,
  CANCELLED,
  type Command,
  type CommandKey,
  type CommandOutcome,
  ExternalError,
  type Log,
  type Properties,
  type RequestEvent,
  type Results,
  requestEventPaths,
  type StepEvent,
  type StopOrder,
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
import type { Logger } from '../../packages/master/src/ports/service.ts';
import type {
  ClaimedBuild,
  CommitListener,
  StartedStep,
  Store,
  WorkerEffect,
} from '../../packages/master/src/ports/store.ts';
import type { BuildRow, CommandRow, Disk, RequestRow, StepRow } from './disk.ts';
import type { Random } from './random.ts';
import type { Actor, VirtualTime } from './virtual-time.ts';

type Verb<Name extends keyof Store> = Store[Name] extends (...input: infer I) => unknown ? I : never;

/** The verbs that dispatch, build runner, control and worker sessions use. */
export type CoreStore = Pick<
  Store,
  | 'onCommit'
  | 'setWorkerState'
  | 'trustWorker'
  | 'markMissing'
  | 'noteWorker'
  | 'acceptTryJob'
  | 'pendingRequests'
  | 'claim'
  | 'cancelRequest'
  | 'setPriority'
  | 'unshelve'
  | 'takeUpBuilds'
  | 'beginBuild'
  | 'build'
  | 'buildOfRequest'
  | 'orderStop'
  | 'setBuildState'
  | 'finishBuild'
  | 'startStep'
  | 'updateStep'
  | 'finishStep'
  | 'addLog'
  | 'finishLog'
  | 'putCommand'
  | 'command'
  | 'openSession'
  | 'commitWorkerEffects'
>;

export interface ModelStoreDeps {
  disk: Disk;
  time: VirtualTime;
  random: Random;
  /** The master that uses it: its death is the end of this store, not of the disk. */
  actor: Actor;
  logger: Logger;
  /** Epoch milliseconds. */
  now: () => number;
  /** Longest time until a write is durable, and until its answer is there. Milliseconds. */
  latencyMs: number;
}

export class ModelStore implements CoreStore {
  readonly #deps: ModelStoreDeps;
  readonly #disk: Disk;
  readonly #listeners = new Set<CommitListener>();
  #events: StoredEvent[] = [];
  #lastWriteAt = 0;
  #lastAnswerAt = 0;

  constructor(deps: ModelStoreDeps) {
    this.#deps = deps;
    this.#disk = deps.disk;
  }

  onCommit(listener: CommitListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  setWorkerState(...[workerId, state]: Verb<'setWorkerState'>): Promise<void> {
    return this.#write(() => {
      const worker = this.#worker(workerId);
      const news = this.#newsOf(worker, state);
      if (news === null) return;
      Object.assign(worker, state, state.connected === true ? { missingAt: null } : {});
      this.#tellWorker(worker, news);
    });
  }

  trustWorker(...[workerId, { forget }]: Verb<'trustWorker'>): Promise<void> {
    return this.#write(() => this.#trust(this.#worker(workerId), forget));
  }

  markMissing(...[workerId]: Verb<'markMissing'>): Promise<boolean> {
    return this.#write(() => {
      const worker = this.#worker(workerId);
      if (worker.connected || worker.missingAt !== null) return false;
      worker.missingAt = this.#deps.now();
      this.#tellWorker(worker, 'missing');
      return true;
    });
  }

  noteWorker(...[workerId, note, facts]: Verb<'noteWorker'>): Promise<void> {
    return this.#write(() => {
      const { name } = this.#worker(workerId);
      this.#emit(workerNotePaths(workerId, note), { workerid: workerId, name, ...facts });
    });
  }

  acceptTryJob(...[job, set]: Verb<'acceptTryJob'>): ReturnType<Store['acceptTryJob']> {
    return this.#write(() => {
      const known = this.#disk.jobs.get(job.jobId);
      if (known !== undefined) return { status: 'repeat', added: this.#addedBefore(known) };
      const buildSetId = this.#disk.nextId();
      const { properties, reason, submitter, scheduler } = set;
      const made: BuildSet = {
        ...{
          buildSetId,
          properties,
          reason,
          submitter,
          scheduler,
          externalId: set.externalId,
          sourceStamps: [],
        },
        ...{ submittedAt: this.#deps.now(), completeAt: null, results: null, rebuiltBuildId: null },
      };
      this.#disk.sets.set(buildSetId, made);
      for (const builderId of set.builderIds) this.#addRequest(buildSetId, builderId, set.priority);
      this.#disk.jobs.set(job.jobId, buildSetId);
      return { status: 'added', added: this.#addedBefore(buildSetId) };
    });
  }

  pendingRequests(): ReturnType<Store['pendingRequests']> {
    return this.#read(() =>
      [...this.#disk.open].filter(({ state }) => state === 'pending').map((request) => ({ ...request })),
    );
  }

  claim(...[input]: Verb<'claim'>): Promise<ClaimedBuild | null> {
    return this.#write(() => {
      const request = this.#disk.requests.get(input.requestId);
      if (request?.state !== 'pending') return null;
      const { requestId, builderId, buildSetId } = request;
      const { workerId, masterId } = input;
      const startedAt = this.#deps.now();
      Object.assign(request, { state: 'claimed', claimedAt: startedAt, attempts: request.attempts + 1 });
      const buildId = this.#disk.nextId();
      const properties: Properties = {
        ...this.#set(buildSetId).properties,
        builddir: [input.builddir, 'Worker'],
      };
      const build: BuildRow = {
        ...{ buildId, builderId, requestId, workerId, masterId, startedAt, properties },
        ...{ number: buildId, attempt: request.attempts, stateString: 'starting', infrastructure: false },
        ...{ completeAt: null, results: null, stop: null, recipe: null },
      };
      this.#disk.builds.set(buildId, build);
      this.#disk.unfinished.add(build);
      this.#disk.buildsOfRequest.set(requestId, [
        ...(this.#disk.buildsOfRequest.get(requestId) ?? []),
        build,
      ]);
      this.#tellRequest(request, 'claimed');
      this.#tellBuild(build, 'new');
      this.#disk.witness.claimed(build, request);
      return this.#claimed(build);
    });
  }

  cancelRequest(...[requestId, order]: Verb<'cancelRequest'>): ReturnType<Store['cancelRequest']> {
    return this.#write(() => {
      const request = this.#disk.requests.get(requestId);
      if (request === undefined) return 'unknown';
      if (request.state === 'complete') return 'complete';
      request.cancel ??= order;
      if (request.state === 'claimed') return 'claimed';
      this.#completeRequest(request, CANCELLED);
      return 'cancelled';
    });
  }

  setPriority(...[requestId, priority]: Verb<'setPriority'>): Promise<boolean> {
    return this.#write(() => {
      const request = this.#disk.requests.get(requestId);
      if (request === undefined || request.completeAt !== null) return false;
      request.priority = priority;
      this.#tellRequest(request, 'update');
      return true;
    });
  }

  unshelve(...[requestId]: Verb<'unshelve'>): ReturnType<Store['unshelve']> {
    return this.#write(() => {
      const request = this.#disk.requests.get(requestId);
      if (request === undefined) return 'unknown';
      if (request.state !== 'shelved') return 'not-shelved';
      Object.assign(request, { state: 'pending', failures: 0, notBefore: null, shelved: null });
      this.#tellRequest(request, 'unshelved');
      return 'unshelved';
    });
  }

  takeUpBuilds(...[masterId]: Verb<'takeUpBuilds'>): ReturnType<Store['takeUpBuilds']> {
    return this.#write(() =>
      [...this.#disk.unfinished].map((build) => {
        build.masterId = masterId;
        const steps = this.#disk.stepsOf(build.buildId).map((step) => ({ ...step }));
        const { recipe, properties } = build;
        return { ...this.#claimed(build), recipe, properties: { ...properties }, steps };
      }),
    );
  }

  beginBuild(...[buildId, { recipe, properties }]: Verb<'beginBuild'>): Promise<Build | null> {
    return this.#writeFor(buildId, 'its beginning', (build) => {
      build.recipe = recipe;
      Object.assign(build.properties, properties);
      return { ...build };
    });
  }

  build(...[buildId]: Verb<'build'>): Promise<Build | null> {
    return this.#read(() => copyOf(this.#disk.builds.get(buildId)));
  }

  buildOfRequest(...[requestId]: Verb<'buildOfRequest'>): Promise<Build | null> {
    return this.#read(() => copyOf(this.#disk.buildsOfRequest.get(requestId)?.at(-1)));
  }

  orderStop(...[buildId, order]: Verb<'orderStop'>): ReturnType<Store['orderStop']> {
    return this.#write(() => {
      const build = this.#disk.builds.get(buildId);
      if (build === undefined) return 'unknown';
      if (build.completeAt !== null) return 'complete';
      if (build.stop === null) {
        build.stop = order;
        this.#tellBuild(build, 'update');
      }
      return 'ordered';
    });
  }

  async setBuildState(...[buildId, stateString]: Verb<'setBuildState'>): Promise<boolean> {
    const written = this.#writeFor(buildId, 'its state', (build) => {
      build.stateString = stateString;
      this.#tellBuild(build, 'update');
      return true;
    });
    return (await written) ?? false;
  }

  async finishBuild(...[input]: Verb<'finishBuild'>): Promise<boolean> {
    const { buildId, results, stateString, infrastructure } = input;
    const written = this.#writeFor(buildId, 'its end', (build) => {
      const completeAt = this.#deps.now();
      for (const log of this.#disk.logsOf(buildId)) log.complete = true;
      for (const step of this.#disk.stepsOf(buildId))
        if (step.completeAt === null) Object.assign(step, { completeAt, results });
      Object.assign(build, { completeAt, results, stateString, infrastructure });
      this.#disk.forget(build);
      this.#tellBuild(build, 'finished');
      this.#disk.witness.finished(build);
      if (input.worker !== null) this.#report(build, input.worker);
      this.#endAttempt(build, results, input.request);
      return true;
    });
    return (await written) ?? false;
  }

  startStep(...[input]: Verb<'startStep'>): ReturnType<Store['startStep']> {
    return this.#writeFor<StartedStep>(input.buildId, `step ${input.number}`, () => {
      const same = this.#disk.stepsOf(input.buildId).find(({ number }) => number === input.number);
      if (same !== undefined) return { ...same, isNew: false };
      const step: StepRow = {
        ...{ ...input, stepId: this.#disk.nextId(), startedAt: this.#deps.now(), completeAt: null },
        ...{ results: null, urls: [], hidden: false, appends: 0 },
      };
      this.#disk.steps.set(step.stepId, step);
      this.#tellStep(step, 'started');
      return { ...step, isNew: true };
    });
  }

  async updateStep(...[stepId, { stateString }]: Verb<'updateStep'>): Promise<boolean> {
    const step = this.#step(stepId);
    const written = this.#writeFor(step.buildId, `the state of step ${step.number}`, () => {
      if (stateString !== undefined) step.stateString = stateString;
      this.#tellStep(step, 'updated');
      return true;
    });
    return (await written) ?? false;
  }

  async finishStep(...[input]: Verb<'finishStep'>): Promise<boolean> {
    const step = this.#step(input.stepId);
    const { results, stateString, hidden, properties = {} } = input;
    return await this.#write(() => {
      if (step.completeAt !== null) return false;
      Object.assign(step, { completeAt: this.#deps.now(), results, stateString, hidden });
      const build = this.#disk.builds.get(step.buildId) as BuildRow;
      this.#disk.witness.wrote(build, `the end of step ${step.number}`);
      Object.assign(build.properties, properties);
      this.#tellStep(step, 'finished');
      return true;
    });
  }

  addLog(...[{ stepId, name, type }]: Verb<'addLog'>): Promise<Log | null> {
    const { buildId } = this.#step(stepId);
    return this.#writeFor(buildId, `log ${name}`, () => {
      const same = this.#disk.logsOf(buildId).find((log) => log.stepId === stepId && log.name === name);
      if (same !== undefined) return { ...same };
      const logId = this.#disk.nextId();
      const log: Log = {
        logId,
        stepId,
        buildId,
        name,
        slug: name,
        type,
        complete: false,
        lines: 0,
        bytes: 0,
      };
      this.#disk.logs.set(logId, log);
      return { ...log };
    });
  }

  finishLog(...[logId]: Verb<'finishLog'>): Promise<boolean> {
    return this.#write(() => {
      const log = this.#disk.logs.get(logId);
      if (log === undefined || log.complete) return false;
      log.complete = true;
      return true;
    });
  }

  putCommand(...[key, buildId, command]: Verb<'putCommand'>): ReturnType<Store['putCommand']> {
    return this.#writeFor(buildId, `command ${key}`, () => {
      const known = this.#disk.commands.get(key);
      if (known !== undefined) return { ...known, isNew: false };
      const made: CommandRow = { key, buildId, command, outcome: null, received: {} };
      this.#disk.commands.set(key, made);
      return { ...made, isNew: true };
    });
  }

  command(...[key]: Verb<'command'>): ReturnType<Store['command']> {
    return this.#read(() => copyOf(this.#disk.commands.get(key)));
  }

  openSession(...[workerId, bootId, neverSent = []]: Verb<'openSession'>): ReturnType<Store['openSession']> {
    return this.#write(() => {
      const known = this.#disk.sessions.get(workerId);
      if (known?.bootId === bootId) return { ackedSeq: known.ackedSeq, isNew: false };
      this.#disk.sessions.set(workerId, { bootId, ackedSeq: 0 });
      const lost: CommandOutcome = { status: 'lost', reason: 'it was started anew' };
      for (const { buildId } of [...this.#disk.unfinished].filter((build) => build.workerId === workerId)) {
        for (const command of this.#disk.commands.values()) {
          if (command.buildId !== buildId || command.outcome !== null || neverSent.includes(command.key))
            continue;
          command.outcome = lost;
        }
      }
      return { ackedSeq: 0, isNew: true };
    });
  }

  commitWorkerEffects(...[workerId, bootId, effects]: Verb<'commitWorkerEffects'>): Promise<void> {
    return this.#write(() => {
      const session = this.#disk.sessions.get(workerId);
      if (session?.bootId !== bootId) throw new ExternalError('worker session', 'it has ended');
      for (const effect of effects.filter(({ seq }) => seq > session.ackedSeq)) {
        session.ackedSeq = effect.seq;
        this.#take(workerId, effect);
      }
    });
  }

  /** The rows that `WorkerTable` begins with; nothing else is asked for by name. */
  query(resource: string): Promise<{ rows: unknown[]; total: number }> {
    return this.#read(() => {
      if (resource !== 'workers') throw new BugError(`the model of the store has no ${resource} to ask for`);
      const rows = [...this.#disk.workers.values()].map((worker) => this.#workerResource(worker));
      return { rows, total: rows.length };
    });
  }

  #take(workerId: number, effect: WorkerEffect): void {
    if (effect.kind === 'stale') {
      const { key, what } = effect;
      this.#emit(workerNotePaths(workerId, 'stale'), {
        workerid: workerId,
        name: this.#worker(workerId).name,
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

  #addRequest(buildSetId: number, builderId: number, priority: number): void {
    const request: RequestRow = {
      ...{ requestId: this.#disk.nextId(), buildSetId, builderId, priority, state: 'pending' },
      ...{ submittedAt: this.#deps.now(), claimedAt: null, completeAt: null, results: null, attempts: 0 },
      ...{ failures: 0, shelved: null, notBefore: null, cancel: null, lastWorkerId: null },
    };
    this.#disk.requests.set(request.requestId, request);
    this.#disk.open.add(request);
    this.#tellRequest(request, 'new');
  }

  #addedBefore(buildSetId: number): {
    buildSetId: number;
    requests: { requestId: number; builderId: number }[];
  } {
    const requests = [...this.#disk.requests.values()].filter((request) => request.buildSetId === buildSetId);
    return { buildSetId, requests: requests.map(({ requestId, builderId }) => ({ requestId, builderId })) };
  }

  #endAttempt(build: BuildRow, results: Results, end: RequestEnd): void {
    const request = this.#disk.requests.get(build.requestId) as RequestRow;
    if (end.kind === 'complete') {
      this.#completeRequest(request, results);
      return;
    }
    if (request.state !== 'claimed' || request.cancel !== null) {
      this.#completeRequest(request, CANCELLED);
      return;
    }
    request.claimedAt = null;
    if (build.infrastructure) {
      request.failures++;
      request.lastWorkerId = build.workerId;
    }
    if (end.kind === 'retry') Object.assign(request, { state: 'pending', notBefore: end.notBefore });
    else Object.assign(request, { state: 'shelved', shelved: { at: this.#deps.now(), reason: end.reason } });
    this.#tellRequest(request, end.kind === 'retry' ? 'unclaimed' : 'shelved');
  }

  #completeRequest(request: RequestRow, results: Results): void {
    if (request.completeAt !== null && this.#disk.hasFence) return;
    Object.assign(request, { state: 'complete', completeAt: this.#deps.now(), results, shelved: null });
    this.#disk.open.delete(request);
    this.#tellRequest(request, 'complete');
    this.#disk.witness.completed(request);
    const set = this.#set(request.buildSetId);
    const all = [...this.#disk.requests.values()].filter(({ buildSetId }) => buildSetId === set.buildSetId);
    if (all.some(({ completeAt }) => completeAt === null)) return;
    Object.assign(set, {
      completeAt: this.#deps.now(),
      results: worstOf(all.map((one) => one.results as Results)),
    });
  }

  #report(build: BuildRow, report: WorkerReport): void {
    const worker = this.#worker(build.workerId);
    if (report.kind === 'well') {
      this.#trust(worker, true);
      return;
    }
    const isSameLoss = [...this.#disk.builds.values()].some(
      (other) =>
        other !== build &&
        other.workerId === build.workerId &&
        other.infrastructure &&
        (other.completeAt ?? 0) >= build.startedAt,
    );
    if (isSameLoss) return;
    worker.losses++;
    const suspicion = suspicionOf(report.policy, { losses: worker.losses, reason: report.reason });
    if (suspicion !== null)
      worker.suspect = { until: this.#deps.now() + suspicion.delay, reason: suspicion.reason };
    this.#tellWorker(worker, suspicion === null ? 'state_updated' : 'suspected');
  }

  #trust(worker: Worker, forget: boolean): void {
    const before = worker.suspect;
    const losses = forget ? 0 : worker.losses;
    if (before === null && worker.losses === losses) return;
    Object.assign(worker, { suspect: null, losses });
    this.#tellWorker(worker, before === null ? 'state_updated' : 'trusted');
  }

  #newsOf(before: Worker, state: Verb<'setWorkerState'>[1]): WorkerEvent | null {
    if (state.connected === true && !before.connected) return 'connected';
    if (state.connected === false && before.connected) return 'disconnected';
    const isChanged = Object.entries(state).some(
      ([key, value]) => JSON.stringify(before[key as keyof Worker]) !== JSON.stringify(value),
    );
    return isChanged ? 'state_updated' : null;
  }

  #claimed(build: BuildRow): ClaimedBuild {
    const request = this.#disk.requests.get(build.requestId) as RequestRow;
    return { build: { ...build }, request: { ...request }, buildSet: { ...this.#set(request.buildSetId) } };
  }

  #set(buildSetId: number): BuildSet {
    return this.#disk.sets.get(buildSetId) as BuildSet;
  }

  #step(stepId: number): StepRow {
    return this.#disk.steps.get(stepId) as StepRow;
  }

  #worker(workerId: number): Worker {
    return this.#disk.workers.get(workerId) as Worker;
  }

  #tellRequest(request: RequestRow, event: RequestEvent): void {
    const resource = buildRequestResource(request, { masterId: 1, properties: null, waitingReason: null });
    this.#emit(requestEventPaths(resource, event), resource);
  }

  #tellBuild(build: BuildRow, event: 'new' | 'update' | 'finished'): void {
    const resource: BuildResource = buildResource(build);
    this.#emit(buildEventPaths(resource, event), resource);
  }

  #tellStep(step: StepRow, event: StepEvent): void {
    const resource = stepResource(step);
    this.#emit(stepEventPaths(resource, event), resource);
  }

  #tellWorker(worker: Worker, event: WorkerEvent): void {
    this.#emit(workerEventPaths(worker.workerId, event), this.#workerResource(worker));
  }

  #workerResource(worker: Worker): unknown {
    return workerResource(worker, { masterId: 1, builderIds: [], runningBuilds: 0 });
  }

  #emit(paths: string[], body: unknown): void {
    this.#events.push({ number: ++this.#disk.events, paths, body, at: this.#deps.now() });
  }

  /** Write for a build that is not finished; `null` when it is. */
  #writeFor<T>(buildId: number, what: string, work: (build: BuildRow) => T): Promise<T | null> {
    return this.#write(() => {
      const build = this.#disk.live(buildId);
      if (build === null) return null;
      this.#disk.witness.wrote(build, what);
      return work(build);
    });
  }

  #write<T>(work: () => T): Promise<T> {
    const { time, random, latencyMs } = this.#deps;
    this.#lastWriteAt = Math.max(this.#lastWriteAt, time.now + random.int(0, latencyMs));
    return this.#at(this.#lastWriteAt, work);
  }

  #read<T>(work: () => T): Promise<T> {
    const { time, random } = this.#deps;
    return this.#at(time.now + random.int(0, 1), work);
  }

  #tell(events: StoredEvent[]): void {
    if (events.length === 0) return;
    for (const listener of this.#listeners) {
      try {
        listener(events, []);
      } catch (error) {
        this.#deps.logger.error({ err: error }, 'a listener of the store failed');
      }
    }
  }

  /** Do it at that time, and answer a little later, in the order in which it was done. */
  #at<T>(at: number, work: () => T): Promise<T> {
    const { time, random, actor } = this.#deps;
    return new Promise((resolve, reject) => {
      const act = (): void => {
        let settle: () => void;
        try {
          const value = work();
          settle = () => resolve(value);
        } catch (error) {
          settle = () => reject(error);
        }
        const events = this.#events.splice(0);
        this.#lastAnswerAt = Math.max(this.#lastAnswerAt, time.now + random.int(0, 1));
        time.after(
          this.#lastAnswerAt - time.now,
          () => {
            settle();
            this.#tell(events);
          },
          actor,
        );
      };
      time.after(at - time.now, act, actor);
    });
  }
}

function copyOf<T extends object>(row: T | undefined): T | null {
  return row === undefined ? null : { ...row };
}

/** A command as the store kept it, for those who compare. */
export type { Command, CommandKey, StopOrder };
