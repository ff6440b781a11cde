/** From rows to the model. Columns carry the model's names, so that only flags, JSON and orders need translating. */
import type {
  AdminWord,
  Availability,
  Build,
  Builder,
  BuildRequest,
  BuildRequestState,
  Change,
  Log,
  LogType,
  Master,
  Patch,
  Properties,
  PropertyValue,
  Results,
  Scheduler,
  SourceStamp,
  Step,
  StopOrder,
  TestFormat,
  TestResult,
  TestResultSet,
  TryJobRecord,
  Worker,
  WorkerInfo,
} from '@buildbot/shared';
import type { Selectable } from 'kysely';
import type * as T from './tables.ts';

export type Row<Table> = Selectable<Table>;

/** Truth as the tables keep it. */
export function flag(value: boolean): T.Flag {
  return value ? 1 : 0;
}

function order(by: string | null, reason: string | null, at: number | null): StopOrder | null {
  return by === null || at === null ? null : { by, reason: reason ?? '', at };
}

export function toMaster(row: Row<T.MastersTable>): Master {
  return { ...row, active: row.active === 1, draining: row.draining === 1 };
}

export function toBuilder(row: Row<T.BuildersTable>): Builder {
  const { builderId, name, description } = row;
  return {
    builderId,
    name,
    description,
    tags: JSON.parse(row.tags) as string[],
    configured: row.configured === 1,
  };
}

function adminWord(row: Row<T.WorkersTable>): AdminWord | null {
  const { adminAvailability, adminReason, adminBy, adminAt, adminUntil } = row;
  if (adminAt === null) return null;
  return {
    availability: adminAvailability as Availability,
    reason: adminReason === '' ? null : adminReason,
    ...{ by: adminBy, at: adminAt, until: adminUntil },
  };
}

/** The columns of an admin's word; `null` takes it back. */
export function adminColumns(word: AdminWord | null) {
  return {
    adminAvailability: word?.availability ?? 'eager',
    adminReason: word?.reason ?? '',
    adminBy: word?.by ?? null,
    adminAt: word?.at ?? null,
    adminUntil: word?.until ?? null,
  };
}

export function toWorker(row: Row<T.WorkersTable>): Worker {
  return {
    workerId: row.workerId,
    name: row.name,
    configured: row.configured === 1,
    connected: row.connected === 1,
    availability: row.availability as Availability,
    availabilityRule: row.availabilityRule,
    availabilityReason: row.availabilityReason,
    availabilityUntil: row.availabilityUntil,
    admin: adminWord(row),
    maxBuilds: row.maxBuilds,
    tags: JSON.parse(row.tags) as string[],
    paused: row.paused === 1,
    graceful: row.graceful === 1,
    suspect: row.suspectUntil === null ? null : { until: row.suspectUntil, reason: row.suspectReason },
    losses: row.losses,
    missingAt: row.missingAt,
    awayAt: row.awayAt,
    silentAt: row.silentAt,
    info: JSON.parse(row.info) as WorkerInfo,
  };
}

export function toScheduler(row: Row<T.SchedulersTable>): Scheduler {
  return {
    schedulerId: row.schedulerId,
    name: row.name,
    type: row.type as Scheduler['type'],
    enabled: row.enabled === 1,
    configured: row.configured === 1,
  };
}

export function toPatch(row: Row<T.PatchesTable>): Patch {
  return row;
}

export function toSourceStamp(row: Row<T.SourceStampsTable>, patch: Patch | null): SourceStamp {
  const { sourceStampId, codebase, repository, project, branch, revision, createdAt } = row;
  return { sourceStampId, codebase, repository, project, branch, revision, patch, createdAt };
}

export function toChange(row: Row<T.ChangesTable>): Change {
  return {
    ...row,
    files: JSON.parse(row.files) as string[],
    properties: JSON.parse(row.properties) as Properties,
  };
}

export function toRequest(row: Row<T.BuildRequestsTable>): BuildRequest {
  return {
    requestId: row.requestId,
    buildSetId: row.buildSetId,
    builderId: row.builderId,
    priority: row.priority,
    state: row.state as BuildRequestState,
    submittedAt: row.submittedAt,
    claimedAt: row.claimedAt,
    completeAt: row.completeAt,
    results: row.results as Results | null,
    attempts: row.attempts,
    failures: row.failures,
    shelved: row.shelvedAt === null ? null : { at: row.shelvedAt, reason: row.shelvedReason ?? '' },
    notBefore: row.notBefore,
    cancel: order(row.cancelBy, row.cancelReason, row.cancelAt),
  };
}

export function toBuild(row: Row<T.BuildsTable>): Build {
  return {
    buildId: row.buildId,
    builderId: row.builderId,
    number: row.number,
    requestId: row.requestId,
    attempt: row.attempt,
    workerId: row.workerId,
    masterId: row.masterId,
    startedAt: row.startedAt,
    completeAt: row.completeAt,
    results: row.results as Results | null,
    stateString: row.stateString,
    infrastructure: row.infrastructure === 1,
    stop: order(row.stopBy, row.stopReason, row.stopAt),
  };
}

export function toStep(row: Row<T.StepsTable>): Step {
  return {
    stepId: row.stepId,
    buildId: row.buildId,
    number: row.number,
    name: row.name,
    startedAt: row.startedAt,
    completeAt: row.completeAt,
    results: row.results as Results | null,
    stateString: row.stateString,
    urls: JSON.parse(row.urls) as Step['urls'],
    hidden: row.hidden === 1,
  };
}

export function toLog(row: Row<T.LogsTable>): Log {
  const { logId, stepId, buildId, name, slug, lines, bytes } = row;
  return {
    logId,
    stepId,
    buildId,
    name,
    slug,
    type: row.type as LogType,
    complete: row.complete === 1,
    lines,
    bytes,
  };
}

export function toTestResultSet(row: Row<T.TestResultSetsTable>): TestResultSet {
  return { ...row, format: row.format as TestFormat, complete: row.complete === 1 };
}

/** A row with the ids of the set it is in. */
export function toTestResult(
  row: Row<T.TestResultsTable> & Pick<Row<T.TestResultSetsTable>, 'builderId' | 'stepId'>,
): TestResult {
  return { ...row, failed: row.failed === 1, message: JSON.parse(row.message) as string[] };
}

export function toTryJob(row: Row<T.TryJobsTable>): TryJobRecord {
  return { ...row, state: row.state as TryJobRecord['state'] };
}

interface PropertyRow {
  name: string;
  value: T.JsonText;
  source: string;
}

export function toProperties(rows: readonly PropertyRow[]): Properties {
  return Object.fromEntries(
    rows.map(({ name, value, source }) => [name, [JSON.parse(value) as PropertyValue, source]]),
  );
}

export function propertyRows(properties: Properties): PropertyRow[] {
  return Object.entries(properties).map(([name, [value, source]]) => ({
    name,
    value: JSON.stringify(value),
    source,
  }));
}
