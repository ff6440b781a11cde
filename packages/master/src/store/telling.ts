/** Events of the store's verbs: which paths and which body each change is told with. */
import {
  type Build,
  type BuildEvent,
  type BuildRequest,
  type BuildSet,
  type BuildSetEvent,
  buildEventPaths,
  buildRequestResource,
  buildResource,
  buildSetEventPaths,
  buildSetResource,
  type Log,
  type LogEvent,
  logEventPaths,
  logResource,
  type RequestEvent,
  requestEventPaths,
  type Step,
  type StepEvent,
  stepEventPaths,
  stepResource,
  type TestResultSet,
  type TestResultSetEvent,
  testResultSetEventPaths,
  testResultSetResource,
} from '@buildbot/shared';
import { type Row, toRequest } from './rows.ts';
import type { BuildRequestsTable } from './tables.ts';
import type { WriteContext } from './write-queue.ts';

export function tellBuild(context: WriteContext, build: Build, event: BuildEvent): void {
  const resource = buildResource(build);
  context.emit(buildEventPaths(resource, event), resource);
}

export function tellRequest(
  context: WriteContext,
  row: Row<BuildRequestsTable>,
  event: RequestEvent,
): BuildRequest {
  const request = toRequest(row);
  const extra = { masterId: row.masterId ?? 0, properties: null, waitingReason: null };
  const resource = buildRequestResource(request, extra);
  context.emit(requestEventPaths(resource, event), resource);
  return request;
}

export function tellBuildSet(context: WriteContext, set: BuildSet, event: BuildSetEvent): void {
  context.emit(buildSetEventPaths(set.buildSetId, event), buildSetResource(set));
}

export function tellStep(context: WriteContext, step: Step, event: StepEvent): void {
  const resource = stepResource(step);
  context.emit(stepEventPaths(resource, event), resource);
}

export function tellLog(context: WriteContext, log: Log, event: LogEvent): void {
  const resource = logResource(log);
  context.emit(logEventPaths(resource, event), resource);
}

export function tellTestResultSet(
  context: WriteContext,
  set: TestResultSet,
  event: TestResultSetEvent,
): void {
  const resource = testResultSetResource(set);
  context.emit(testResultSetEventPaths(set.testResultSetId, event), resource);
}
