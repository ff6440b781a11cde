/** From the model to the wire: pure functions, one per resource. Used by REST and by events alike. */
import { effectiveAvailability } from '../availability/verdict.ts';
import type {
  Build,
  Builder,
  BuildRequest,
  BuildSet,
  Change,
  Log,
  Master,
  Scheduler,
  SourceStamp,
  Step,
  Worker,
} from '../model/entities.ts';
import type { Properties } from '../model/property.ts';
import type { TestResult, TestResultSet } from '../model/tests.ts';
import type {
  BuilderResource,
  BuildRequestResource,
  BuildResource,
  BuildSetResource,
  ChangeResource,
  LogResource,
  MasterResource,
  SchedulerResource,
  SourceStampResource,
  StepResource,
  TestResultResource,
  TestResultSetResource,
  WorkerResource,
} from './resources.ts';

/** Epoch milliseconds to Buildbot's whole epoch seconds. */
function toSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}

function secondsOrNull(ms: number | null): number | null {
  return ms === null ? null : toSeconds(ms);
}

export function sourceStampResource(stamp: SourceStamp): SourceStampResource {
  const { patch } = stamp;
  return {
    ssid: stamp.sourceStampId,
    branch: stamp.branch,
    revision: stamp.revision,
    repository: stamp.repository,
    project: stamp.project,
    codebase: stamp.codebase,
    created_at: toSeconds(stamp.createdAt),
    patch: patch && {
      patchid: patch.patchId,
      level: patch.level,
      subdir: patch.subdir,
      author: patch.author,
      comment: patch.comment,
      body: null,
    },
  };
}

export function changeResource(change: Change, stamp: SourceStamp): ChangeResource {
  return {
    changeid: change.changeId,
    author: change.author,
    committer: change.committer,
    branch: change.branch,
    category: change.category,
    codebase: change.codebase,
    comments: change.comments,
    files: change.files,
    parent_changeids: [],
    project: change.project,
    properties: change.properties,
    repository: change.repository,
    revision: change.revision,
    revlink: change.revlink,
    sourcestamp: sourceStampResource(stamp),
    when_timestamp: toSeconds(change.at),
  };
}

export function buildSetResource(set: BuildSet): BuildSetResource {
  return {
    bsid: set.buildSetId,
    external_idstring: set.externalId,
    reason: set.reason,
    submitted_at: toSeconds(set.submittedAt),
    complete: set.completeAt !== null,
    complete_at: secondsOrNull(set.completeAt),
    results: set.results,
    sourcestamps: set.sourceStamps.map(sourceStampResource),
    parent_buildid: null,
    parent_relationship: null,
    rebuilt_buildid: set.rebuiltBuildId,
    submitter: set.submitter,
    scheduler: set.scheduler,
    submitted_at_ms: set.submittedAt,
  };
}

/** Why a shelved request waits, for people. */
function shelvedText(reason: string): string {
  return `shelved: ${reason}`;
}

/** `masterId` claims it when claimed; `waitingReason` is known only to the dispatcher, null elsewhere. */
export function buildRequestResource(
  request: BuildRequest,
  extra: { masterId: number; properties: Properties | null; waitingReason: string | null },
): BuildRequestResource {
  return {
    buildrequestid: request.requestId,
    buildsetid: request.buildSetId,
    builderid: request.builderId,
    priority: request.priority,
    claimed: request.state === 'claimed' || request.state === 'complete',
    claimed_at: secondsOrNull(request.claimedAt),
    claimed_by_masterid: request.state === 'claimed' ? extra.masterId : null,
    complete: request.state === 'complete',
    complete_at: secondsOrNull(request.completeAt),
    results: request.results ?? -1,
    submitted_at: toSeconds(request.submittedAt),
    waited_for: false,
    properties: extra.properties,
    state: request.state,
    attempts: request.attempts,
    failures: request.failures,
    shelved: request.shelved && { at: toSeconds(request.shelved.at), reason: request.shelved.reason },
    not_before: secondsOrNull(request.notBefore),
    waiting_reason: request.shelved === null ? extra.waitingReason : shelvedText(request.shelved.reason),
    stopped_by: request.cancel?.by ?? null,
    stop_reason: request.cancel?.reason ?? null,
  };
}

export function buildResource(build: Build, properties: Properties = {}): BuildResource {
  return {
    buildid: build.buildId,
    number: build.number,
    builderid: build.builderId,
    buildrequestid: build.requestId,
    workerid: build.workerId,
    masterid: build.masterId,
    started_at: toSeconds(build.startedAt),
    complete: build.completeAt !== null,
    complete_at: secondsOrNull(build.completeAt),
    locks_duration_s: 0,
    state_string: build.stateString,
    results: build.results,
    properties,
    attempt: build.attempt,
    infrastructure: build.infrastructure,
    started_at_ms: build.startedAt,
    complete_at_ms: build.completeAt,
    stopped_by: build.stop?.by ?? null,
    stop_reason: build.stop?.reason ?? null,
  };
}

export function stepResource(step: Step): StepResource {
  return {
    stepid: step.stepId,
    number: step.number,
    name: step.name,
    buildid: step.buildId,
    started_at: secondsOrNull(step.startedAt),
    complete: step.completeAt !== null,
    complete_at: secondsOrNull(step.completeAt),
    locks_acquired_at: secondsOrNull(step.startedAt),
    results: step.results,
    state_string: step.stateString,
    urls: step.urls,
    hidden: step.hidden,
    started_at_ms: step.startedAt,
    complete_at_ms: step.completeAt,
  };
}

export function logResource(log: Log): LogResource {
  return {
    logid: log.logId,
    name: log.name,
    slug: log.slug,
    stepid: log.stepId,
    complete: log.complete,
    num_lines: log.lines,
    type: log.type,
    num_bytes: log.bytes,
  };
}

export function builderResource(builder: Builder, masterIds: number[]): BuilderResource {
  return {
    builderid: builder.builderId,
    name: builder.name,
    masterids: builder.configured ? masterIds : [],
    description: builder.description,
    description_format: null,
    description_html: null,
    projectid: null,
    tags: builder.tags,
  };
}

function availabilityFields({ admin, ...worker }: Worker) {
  const own = {
    availability: worker.availability,
    rule: worker.availabilityRule,
    reason: worker.availabilityReason,
    until: worker.availabilityUntil,
  };
  const { availability, rule, reason, until } = effectiveAvailability(own, admin);
  return {
    availability,
    availability_rule: rule,
    availability_reason: reason,
    availability_until: secondsOrNull(until),
    admin_availability: admin && {
      ...admin,
      at: secondsOrNull(admin.at),
      until: secondsOrNull(admin.until),
    },
  };
}

export function workerResource(
  worker: Worker,
  extra: { masterId: number; builderIds: number[]; runningBuilds: number },
): WorkerResource {
  const { masterId } = extra;
  return {
    workerid: worker.workerId,
    name: worker.name,
    connected_to: worker.connected ? [{ masterid: masterId }] : [],
    configured_on: extra.builderIds.map((builderid) => ({ masterid: masterId, builderid })),
    workerinfo: {
      admin: worker.info.admin,
      host: worker.info.host,
      access_uri: worker.info.accessUri,
      version: worker.info.version,
    },
    paused: worker.paused,
    pause_reason: null,
    graceful: worker.graceful,
    ...availabilityFields(worker),
    max_builds: worker.maxBuilds,
    running_builds: extra.runningBuilds,
    suspect: worker.suspect && { until: toSeconds(worker.suspect.until), reason: worker.suspect.reason },
    losses: worker.losses,
    missing_since: secondsOrNull(worker.missingAt),
    away_since: secondsOrNull(worker.awayAt),
    silent_since: secondsOrNull(worker.silentAt),
    tags: worker.tags,
  };
}

export function masterResource(master: Master): MasterResource {
  return {
    masterid: master.masterId,
    name: master.name,
    active: master.active,
    last_active: toSeconds(master.lastActiveAt),
    draining: master.draining,
  };
}

export function schedulerResource(scheduler: Scheduler, master: Master): SchedulerResource {
  return {
    schedulerid: scheduler.schedulerId,
    name: scheduler.name,
    enabled: scheduler.enabled,
    master: scheduler.configured ? masterResource(master) : null,
    type: scheduler.type,
  };
}

export function testResultSetResource(set: TestResultSet): TestResultSetResource {
  return {
    test_result_setid: set.testResultSetId,
    builderid: set.builderId,
    buildid: set.buildId,
    stepid: set.stepId,
    description: set.format,
    category: 'pass_fail',
    value_unit: 'boolean',
    tests_passed: set.complete ? set.passed : null,
    tests_failed: set.complete ? set.failed : null,
    complete: set.complete,
    tests_skipped: set.complete ? set.skipped : null,
  };
}

/** Whose failure it is takes other builds to tell: `mark` is null here. */
export function testResultResource(result: TestResult): TestResultResource {
  return {
    test_resultid: result.testResultId,
    builderid: result.builderId,
    test_result_setid: result.testResultSetId,
    test_name: result.name,
    test_code_path: result.path,
    line: result.line,
    duration_ns: result.durationNs,
    value: result.failed ? '0' : '1',
    buildid: result.buildId,
    stepid: result.stepId,
    failed: result.failed,
    message: [...result.message],
    mark: null,
  };
}
