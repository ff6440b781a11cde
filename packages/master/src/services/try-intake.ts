/**
 * Takes try jobs in. A job is parsed, checked against its scheduler and its patch judged before anything is queued; then
 * one transaction, idempotent on the job's id, makes it durable; only then its file is moved. Whatever happens in
 * between, taking the same file again gives the same answer and no second build.
 */
import { createHash } from 'node:crypto';
import {
  checkPatch,
  ExternalError,
  nearest,
  parseTryJob,
  sanitizeName,
  type TryJob,
  type Verdict,
} from '@buildbot/shared';
import { fromSource, mergeProperties } from '../core/properties.ts';
import type { TryIntake } from '../ports/control.ts';
import type { AddedBuildSet, NewBuildSet, NewTryJob, TryJobIntake } from '../ports/records.ts';
import type { SchedulerPlan } from '../ports/schedulers.ts';
import type { Logger } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import type { TryDirectory } from '../ports/try-directory.ts';
import { priorityProblem } from './priority-limit.ts';
import { schedulerRow } from './scheduler-row.ts';

export interface TryIntakeDeps {
  store: Store;
  directory: TryDirectory;
  /** The try scheduler of this directory, as the configuration in force has it. */
  scheduler: () => SchedulerPlan;
  maxJobBytes: number;
  logger: Logger;
}

type Refused = Extract<Verdict, { status: 'refused' }>;

interface JobFile {
  bytes: Uint8Array;
  user: string;
}

export class JobIntake implements TryIntake {
  readonly #deps: TryIntakeDeps;
  /** Files being taken in: the watcher and the submitter's own `tryserver` ask for the same one at once. */
  readonly #underWay = new Map<string, Promise<Verdict>>();

  constructor(deps: TryIntakeDeps) {
    this.#deps = deps;
  }

  async take(file: string): Promise<Verdict> {
    const known = this.#underWay.get(file);
    if (known !== undefined) return await known;
    const taking = this.#take(file).finally(() => this.#underWay.delete(file));
    this.#underWay.set(file, taking);
    return await taking;
  }

  /** While the store has no space the file stays where it is: the next look at the directory takes it in. */
  async #take(file: string): Promise<Verdict> {
    try {
      return await this.#takeNow(file);
    } catch (error) {
      if (!(error instanceof ExternalError) || !error.isPassing) throw error;
      return { status: 'kept', reason: `${error.message}; the job waits in the try directory for space` };
    }
  }

  async #takeNow(file: string): Promise<Verdict> {
    const { directory } = this.#deps;
    const read = await directory.read(file);
    switch (read.status) {
      case 'gone':
        return refused('there is no such job file');
      case 'failed':
        return refusedAs(read.reason);
      case 'bad':
        await directory.refuse(file, read.reason);
        return refused(read.reason);
      case 'found':
        return await this.#settle(file, await this.#judge(read));
    }
  }

  /** The store has the verdict; now the file may be moved. */
  async #settle(file: string, verdict: Verdict): Promise<Verdict> {
    const { directory, logger } = this.#deps;
    if (verdict.status === 'refused') {
      await directory.refuse(file, toldReason(verdict));
    } else {
      await directory.accept(file);
    }
    logger.info({ file, status: verdict.status }, 'try job taken in');
    return verdict;
  }

  async #judge({ bytes, user }: JobFile): Promise<Verdict> {
    const { maxJobBytes, scheduler } = this.#deps;
    const parsed = parseTryJob(bytes, { maxBytes: maxJobBytes });
    if (!parsed.ok) return refused(`not a try job: ${parsed.reason}`);
    const { job } = parsed;
    const plan = scheduler();
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const record: NewTryJob = { jobId: job.jobId, scheduler: plan.name, user, sha256 };
    const off = await this.#offProblem(plan);
    if (off !== null) return (await this.#acceptedBefore(record)) ?? off;
    const problem = builderProblem(job, plan) ?? priorityRefusal(job, plan) ?? patchProblem(job);
    if (problem !== null)
      return (await this.#acceptedBefore(record)) ?? (await this.#refuse(record, problem));
    const intake = await this.#deps.store.acceptTryJob(record, buildSetOf(job, plan, user));
    return this.#verdict(intake, plan, job.jobId);
  }

  async #offProblem(plan: SchedulerPlan): Promise<Refused | null> {
    const row = await schedulerRow(this.#deps.store, plan.schedulerId);
    return row?.enabled === false ? refused(`the scheduler '${plan.name}' is switched off`) : null;
  }

  /** A job that was accepted once stays accepted, whatever the configuration says by now. */
  async #acceptedBefore(record: NewTryJob): Promise<Verdict | null> {
    const { store, scheduler } = this.#deps;
    const before = await store.tryJob(record.jobId);
    if (before?.state !== 'accepted' || before.sha256 !== record.sha256) return null;
    const repeat = await store.acceptTryJob(record, { ...EMPTY_SET, scheduler: record.scheduler });
    return this.#verdict(repeat, scheduler(), record.jobId);
  }

  async #refuse(record: NewTryJob, problem: Refused): Promise<Verdict> {
    await this.#deps.store.refuseTryJob(record, problem.reason);
    return problem;
  }

  #verdict(intake: TryJobIntake, plan: SchedulerPlan, jobId: string): Verdict {
    switch (intake.status) {
      case 'added':
      case 'repeat':
        return accepted(intake.added, plan);
      case 'refused-before':
        return refused(intake.reason);
      case 'conflict':
        return refused(
          `the job id ${jobId} was used before, by another job`,
          'submit again: each job has an id of its own',
        );
    }
  }
}

/** Stands for a set that is there already: a repeat is answered before any set is made. */
const EMPTY_SET: NewBuildSet = {
  externalId: null,
  reason: '',
  submitter: null,
  scheduler: '',
  sourceStamps: [],
  properties: {},
  builderIds: [],
  priority: 0,
  rebuiltBuildId: null,
};

function refused(reason: string, hint: string | null = null): Refused {
  return { status: 'refused', reason, hint };
}

/** The text beside a refused file: the reason, and in a line of its own what can be done about it. */
function toldReason({ reason, hint }: Refused): string {
  return hint === null ? reason : `${reason}\n${hint}`;
}

/** The watcher may have refused the file before its submitter asked: the verdict is the same. */
function refusedAs(told: string): Refused {
  const [reason = '', ...hint] = told.split('\n');
  return refused(reason, hint.length === 0 ? null : hint.join('\n'));
}

function accepted({ buildSetId, requests }: AddedBuildSet, plan: SchedulerPlan): Verdict {
  const names = new Map(plan.builders.map(({ builderId, name }) => [builderId, name]));
  const named = requests.map((request) => ({
    ...request,
    builder: names.get(request.builderId) ?? `#${request.builderId}`,
  }));
  return { status: 'accepted', buildSetId, requests: named };
}

function builderProblem(job: TryJob, plan: SchedulerPlan): Refused | null {
  const allowed = plan.builders.map(({ name }) => name);
  const unknown = job.builderNames.find((name) => !allowed.includes(name));
  if (unknown === undefined) return null;
  const shown = sanitizeName(unknown, { maxLength: 80 });
  const near = nearest(unknown, allowed);
  return refused(
    `the scheduler '${plan.name}' has no builder '${shown}'; it has ${allowed.join(', ')}`,
    near === undefined ? null : `did you mean '${near}'?`,
  );
}

function priorityRefusal({ priority }: TryJob, plan: SchedulerPlan): Refused | null {
  const problem = priorityProblem(plan, priority);
  return problem === null ? null : refused(problem, 'submit without a priority, or with a lower one');
}

function patchProblem({ patch, patchLevel }: TryJob): Refused | null {
  if (patch === null) return null;
  const checked = checkPatch(patch, { level: patchLevel });
  return checked.ok ? null : refused(`this patch is not taken: ${checked.reason}`);
}

/** Who submits is what was proven; `who` is only the author of the patch. */
function buildSetOf(job: TryJob, plan: SchedulerPlan, user: string): NewBuildSet {
  const { branch, baserev, repository, project, patch, patchLevel, who, comment, tree } = job;
  const isWanted = (name: string): boolean =>
    job.builderNames.length === 0 || job.builderNames.includes(name);
  return {
    externalId: job.jobId,
    reason: `'try' job by user ${user}`,
    submitter: user,
    scheduler: plan.name,
    sourceStamps: [
      {
        codebase: '',
        repository,
        project,
        branch,
        revision: baserev,
        patch: patch && { level: patchLevel, subdir: '', author: who || user, comment, body: patch, tree },
      },
    ],
    properties: mergeProperties(
      fromSource(plan.properties, 'Scheduler'),
      fromSource(job.properties, 'try build'),
      fromSource({ owner: user }, 'try build'),
    ),
    builderIds: plan.builders.filter(({ name }) => isWanted(name)).map(({ builderId }) => builderId),
    priority: job.priority ?? plan.priority,
    rebuiltBuildId: null,
  };
}
