/**
 * The store port as the core sees it, on rows in memory and virtual time. Each verb takes effect at one moment and is
 * answered a little later; a master that dies in between never hears, and the next one finds the effect. The real store is
 * held to the same promises by its contract suite and by the crash tests of `test/chaos`.
 */
import { type Build, type BuildSet, CANCELLED, type Log, type Properties } from '@buildbot/shared';
import type { ClaimedBuild, StartedStep } from '../../packages/master/src/ports/records.ts';
import type { Store } from '../../packages/master/src/ports/store.ts';
import { type BuildRow, copyOf, type StepRow } from './disk.ts';
import type { Verb } from './disk-time.ts';
import { WorkerVerbs } from './worker-verbs.ts';

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
  | 'lossesOf'
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

export class ModelStore extends WorkerVerbs implements CoreStore {
  acceptTryJob(...[job, set]: Verb<'acceptTryJob'>): ReturnType<Store['acceptTryJob']> {
    return this.write(() => {
      const known = this.disk.jobs.get(job.jobId);
      if (known !== undefined) return { status: 'repeat', added: this.ledger.addedBefore(known) };
      const buildSetId = this.disk.nextId();
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
        ...{ submittedAt: this.now(), completeAt: null, results: null, rebuiltBuildId: null },
      };
      this.disk.sets.set(buildSetId, made);
      for (const builderId of set.builderIds) this.ledger.addRequest(buildSetId, builderId, set.priority);
      this.disk.jobs.set(job.jobId, buildSetId);
      return { status: 'added', added: this.ledger.addedBefore(buildSetId) };
    });
  }

  pendingRequests(requestIds?: readonly number[]): ReturnType<Store['pendingRequests']> {
    return this.read(() =>
      [...this.disk.open]
        .filter(({ state, requestId }) => state === 'pending' && (requestIds?.includes(requestId) ?? true))
        .map((request) => ({ ...request })),
    );
  }

  claim(...[input]: Verb<'claim'>): Promise<ClaimedBuild | null> {
    return this.write(() => {
      const request = this.disk.requests.get(input.requestId);
      if (request?.state !== 'pending') return null;
      const { requestId, builderId, buildSetId } = request;
      const { workerId, masterId } = input;
      const startedAt = this.now();
      Object.assign(request, { state: 'claimed', claimedAt: startedAt, attempts: request.attempts + 1 });
      const buildId = this.disk.nextId();
      const properties: Properties = {
        ...this.ledger.set(buildSetId).properties,
        builddir: [input.builddir, 'Worker'],
      };
      const build: BuildRow = {
        ...{ buildId, builderId, requestId, workerId, masterId, startedAt, properties },
        ...{ number: buildId, attempt: request.attempts, stateString: 'starting', infrastructure: false },
        ...{ completeAt: null, results: null, stop: null, recipe: null },
      };
      this.disk.builds.set(buildId, build);
      this.disk.unfinished.add(build);
      this.disk.buildsOfRequest.set(requestId, [...(this.disk.buildsOfRequest.get(requestId) ?? []), build]);
      this.ledger.tellRequest(request, 'claimed');
      this.ledger.tellBuild(build, 'new');
      this.disk.witness.claimed(build, request);
      return this.ledger.claimed(build);
    });
  }

  cancelRequest(...[requestId, order]: Verb<'cancelRequest'>): ReturnType<Store['cancelRequest']> {
    return this.write(() => {
      const request = this.disk.requests.get(requestId);
      if (request === undefined) return 'unknown';
      if (request.state === 'complete') return 'complete';
      request.cancel ??= order;
      if (request.state === 'claimed') return 'claimed';
      this.ledger.completeRequest(request, CANCELLED);
      return 'cancelled';
    });
  }

  setPriority(...[requestId, priority]: Verb<'setPriority'>): Promise<boolean> {
    return this.write(() => {
      const request = this.disk.requests.get(requestId);
      if (request === undefined || request.completeAt !== null) return false;
      request.priority = priority;
      this.ledger.tellRequest(request, 'update');
      return true;
    });
  }

  unshelve(...[requestId]: Verb<'unshelve'>): ReturnType<Store['unshelve']> {
    return this.write(() => {
      const request = this.disk.requests.get(requestId);
      if (request === undefined) return 'unknown';
      if (request.state !== 'shelved') return 'not-shelved';
      Object.assign(request, { state: 'pending', failures: 0, notBefore: null, shelved: null });
      this.ledger.tellRequest(request, 'unshelved');
      return 'unshelved';
    });
  }

  takeUpBuilds(...[masterId]: Verb<'takeUpBuilds'>): ReturnType<Store['takeUpBuilds']> {
    return this.write(() =>
      [...this.disk.unfinished].map((build) => {
        build.masterId = masterId;
        const steps = this.disk.stepsOf(build.buildId).map((step) => ({ ...step }));
        const { recipe, properties } = build;
        // No worker is taken out in any story, so nobody asks for the process.
        const past = { recipe, properties: { ...properties }, steps, bootId: null };
        return { ...this.ledger.claimed(build), ...past };
      }),
    );
  }

  beginBuild(...[buildId, { recipe, properties }]: Verb<'beginBuild'>): Promise<Build | null> {
    return this.writeFor(buildId, 'its beginning', (build) => {
      build.recipe = recipe;
      Object.assign(build.properties, properties);
      return { ...build };
    });
  }

  build(...[buildId]: Verb<'build'>): Promise<Build | null> {
    return this.read(() => copyOf(this.disk.builds.get(buildId)));
  }

  buildOfRequest(...[requestId]: Verb<'buildOfRequest'>): Promise<Build | null> {
    return this.read(() => copyOf(this.disk.buildsOfRequest.get(requestId)?.at(-1)));
  }

  lossesOf(...[buildId, count]: Verb<'lossesOf'>): ReturnType<Store['lossesOf']> {
    return this.read(() => {
      const requestId = this.disk.builds.get(buildId)?.requestId ?? 0;
      const lost = (this.disk.buildsOfRequest.get(requestId) ?? [])
        .filter((build) => build.infrastructure || build.buildId === buildId)
        .map((build) => ({
          worker: `w${build.workerId}`,
          step: this.disk.stepsOf(build.buildId).at(-1)?.name ?? null,
        }));
      return lost.slice(-count).reverse();
    });
  }

  orderStop(...[buildId, order]: Verb<'orderStop'>): ReturnType<Store['orderStop']> {
    return this.write(() => {
      const build = this.disk.builds.get(buildId);
      if (build === undefined) return 'unknown';
      if (build.completeAt !== null) return 'complete';
      if (build.stop === null) {
        build.stop = order;
        this.ledger.tellBuild(build, 'update');
      }
      return 'ordered';
    });
  }

  async setBuildState(...[buildId, stateString]: Verb<'setBuildState'>): Promise<boolean> {
    const written = this.writeFor(buildId, 'its state', (build) => {
      build.stateString = stateString;
      this.ledger.tellBuild(build, 'update');
      return true;
    });
    return (await written) ?? false;
  }

  async finishBuild(...[input]: Verb<'finishBuild'>): Promise<boolean> {
    const { buildId, results, stateString, infrastructure } = input;
    const written = this.writeFor(buildId, 'its end', (build) => {
      const completeAt = this.now();
      for (const log of this.disk.logsOf(buildId)) log.complete = true;
      for (const step of this.disk.stepsOf(buildId))
        if (step.completeAt === null) Object.assign(step, { completeAt, results });
      Object.assign(build, { completeAt, results, stateString, infrastructure });
      this.disk.forget(build);
      this.ledger.tellBuild(build, 'finished');
      this.disk.witness.finished(build);
      if (input.worker !== null) this.ledger.report(build, input.worker);
      this.ledger.endAttempt(build, results, input.request);
      return true;
    });
    return (await written) ?? false;
  }

  startStep(...[input]: Verb<'startStep'>): ReturnType<Store['startStep']> {
    return this.writeFor<StartedStep>(input.buildId, `step ${input.number}`, () => {
      const same = this.disk.stepsOf(input.buildId).find(({ number }) => number === input.number);
      if (same !== undefined) return { ...same, isNew: false };
      const step: StepRow = {
        ...{ ...input, stepId: this.disk.nextId(), startedAt: this.now(), completeAt: null },
        ...{ results: null, urls: [], hidden: false, appends: 0 },
      };
      this.disk.steps.set(step.stepId, step);
      this.ledger.tellStep(step, 'started');
      return { ...step, isNew: true };
    });
  }

  async updateStep(...[stepId, { stateString }]: Verb<'updateStep'>): Promise<boolean> {
    const step = this.ledger.step(stepId);
    const written = this.writeFor(step.buildId, `the state of step ${step.number}`, () => {
      if (stateString !== undefined) step.stateString = stateString;
      this.ledger.tellStep(step, 'updated');
      return true;
    });
    return (await written) ?? false;
  }

  async finishStep(...[input]: Verb<'finishStep'>): Promise<boolean> {
    const step = this.ledger.step(input.stepId);
    const { results, stateString, hidden, properties = {} } = input;
    return await this.write(() => {
      if (step.completeAt !== null) return false;
      Object.assign(step, { completeAt: this.now(), results, stateString, hidden });
      const build = this.disk.builds.get(step.buildId) as BuildRow;
      this.disk.witness.wrote(build, `the end of step ${step.number}`);
      Object.assign(build.properties, properties);
      this.ledger.tellStep(step, 'finished');
      return true;
    });
  }

  addLog(...[{ stepId, name, type }]: Verb<'addLog'>): Promise<Log | null> {
    const { buildId } = this.ledger.step(stepId);
    return this.writeFor(buildId, `log ${name}`, () => {
      const same = this.disk.logsOf(buildId).find((log) => log.stepId === stepId && log.name === name);
      if (same !== undefined) return { ...same };
      const logId = this.disk.nextId();
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
      this.disk.logs.set(logId, log);
      return { ...log };
    });
  }

  finishLog(...[logId]: Verb<'finishLog'>): Promise<boolean> {
    return this.write(() => {
      const log = this.disk.logs.get(logId);
      if (log === undefined || log.complete) return false;
      log.complete = true;
      return true;
    });
  }
}
