/** Which wire field of each large resource is which column: the allow-list of all filtering and ordering. */
import { BUILD_REQUEST_STATES } from '@buildbot/shared';
import { sql } from 'kysely';
import {
  bool,
  computed,
  constant,
  containsText,
  flagged,
  int,
  isSet,
  oneOf,
  type SqlFields,
  seconds,
  text,
} from './sql.ts';

export const BUILD_FIELDS: SqlFields = {
  buildid: int('builds.buildId'),
  number: int('builds.number'),
  builderid: int('builds.builderId'),
  buildrequestid: int('builds.requestId'),
  workerid: int('builds.workerId'),
  masterid: int('builds.masterId'),
  started_at: seconds('builds.startedAt'),
  complete: isSet('builds.completeAt'),
  complete_at: seconds('builds.completeAt'),
  locks_duration_s: constant('int', 0),
  state_string: text('builds.stateString'),
  results: int('builds.results'),
  attempt: int('builds.attempt'),
  infrastructure: flagged('builds.infrastructure'),
  started_at_ms: int('builds.startedAt'),
  complete_at_ms: int('builds.completeAt'),
  stopped_by: text('builds.stopBy'),
  stop_reason: text('builds.stopReason'),
};

export const STEP_FIELDS: SqlFields = {
  stepid: int('steps.stepId'),
  number: int('steps.number'),
  name: text('steps.name'),
  buildid: int('steps.buildId'),
  started_at: seconds('steps.startedAt'),
  complete: isSet('steps.completeAt'),
  complete_at: seconds('steps.completeAt'),
  locks_acquired_at: seconds('steps.startedAt'),
  results: int('steps.results'),
  state_string: text('steps.stateString'),
  hidden: flagged('steps.hidden'),
  started_at_ms: int('steps.startedAt'),
  complete_at_ms: int('steps.completeAt'),
};

export const LOG_FIELDS: SqlFields = {
  logid: int('logs.logId'),
  name: text('logs.name'),
  slug: text('logs.slug'),
  stepid: int('logs.stepId'),
  complete: flagged('logs.complete'),
  num_lines: int('logs.lines'),
  type: text('logs.type'),
  num_bytes: int('logs.bytes'),
};

export const TEST_RESULT_SET_FIELDS: SqlFields = {
  test_result_setid: int('testResultSets.testResultSetId'),
  builderid: int('testResultSets.builderId'),
  buildid: int('testResultSets.buildId'),
  stepid: int('testResultSets.stepId'),
  description: text('testResultSets.format'),
  category: constant('text', 'pass_fail'),
  value_unit: constant('text', 'boolean'),
  tests_passed: int('testResultSets.passed'),
  tests_failed: int('testResultSets.failed'),
  tests_skipped: int('testResultSets.skipped'),
  complete: flagged('testResultSets.complete'),
};

export const TEST_RESULT_FIELDS: SqlFields = {
  test_resultid: int('testResults.testResultId'),
  test_result_setid: int('testResults.testResultSetId'),
  builderid: int('testResultSets.builderId'),
  buildid: int('testResults.buildId'),
  stepid: int('testResultSets.stepId'),
  test_name: text('testResults.name'),
  test_code_path: text('testResults.path'),
  line: int('testResults.line'),
  duration_ns: int('testResults.durationNs'),
  failed: flagged('testResults.failed'),
};

const requestState = sql.ref('buildRequests.state');
const isClaimed = sql<boolean>`${requestState} in ('claimed', 'complete')`;
/** In the words of the small index over them. */
const isNotClaimed = sql<boolean>`${requestState} in ('pending', 'shelved')`;
const claimedBy = sql`case ${sql.ref('buildRequests.state')} when 'claimed' then ${sql.ref('buildRequests.masterId')} end`;

export const REQUEST_FIELDS: SqlFields = {
  buildrequestid: int('buildRequests.requestId'),
  buildsetid: int('buildRequests.buildSetId'),
  builderid: int('buildRequests.builderId'),
  priority: int('buildRequests.priority'),
  claimed: bool(isClaimed, isNotClaimed),
  claimed_at: seconds('buildRequests.claimedAt'),
  claimed_by_masterid: computed(claimedBy),
  complete: isSet('buildRequests.completeAt'),
  complete_at: seconds('buildRequests.completeAt'),
  results: computed(sql`coalesce(${sql.ref('buildRequests.results')}, -1)`),
  submitted_at: seconds('buildRequests.submittedAt'),
  waited_for: bool(sql`1 = 0`, sql`1 = 1`),
  state: oneOf('buildRequests.state', BUILD_REQUEST_STATES),
  attempts: int('buildRequests.attempts'),
  failures: int('buildRequests.failures'),
  not_before: seconds('buildRequests.notBefore'),
};

export const BUILD_SET_FIELDS: SqlFields = {
  bsid: int('buildSets.buildSetId'),
  external_idstring: text('buildSets.externalId'),
  reason: text('buildSets.reason'),
  submitted_at: seconds('buildSets.submittedAt'),
  complete: isSet('buildSets.completeAt'),
  complete_at: seconds('buildSets.completeAt'),
  results: int('buildSets.results'),
  parent_buildid: constant('int', null),
  parent_relationship: constant('text', null),
  rebuilt_buildid: int('buildSets.rebuiltBuildId'),
  submitter: text('buildSets.submitter'),
  scheduler: text('buildSets.scheduler'),
  submitted_at_ms: int('buildSets.submittedAt'),
  /** Of nested source stamps only their ids can be asked for. */
  sourcestamps: {
    type: 'list',
    has: (ssid) => sql`${sql.ref('buildSets.buildSetId')} in (select ${sql.ref('buildSetId')}
      from ${sql.table('buildSetSourceStamps')} where ${sql.ref('sourceStampId')} = ${ssid})`,
  },
};

export const SOURCE_STAMP_FIELDS: SqlFields = {
  ssid: int('sourceStamps.sourceStampId'),
  branch: text('sourceStamps.branch'),
  revision: text('sourceStamps.revision'),
  repository: text('sourceStamps.repository'),
  project: text('sourceStamps.project'),
  codebase: text('sourceStamps.codebase'),
  created_at: seconds('sourceStamps.createdAt'),
};

export const CHANGE_FIELDS: SqlFields = {
  changeid: int('changes.changeId'),
  author: text('changes.author'),
  committer: text('changes.committer'),
  branch: text('changes.branch'),
  category: text('changes.category'),
  codebase: text('changes.codebase'),
  comments: text('changes.comments'),
  project: text('changes.project'),
  repository: text('changes.repository'),
  revision: text('changes.revision'),
  revlink: text('changes.revlink'),
  when_timestamp: seconds('changes.at'),
  /** By the id of the nested source stamp. */
  sourcestamp: int('changes.sourceStampId'),
  /** Whole names: a quoted name can stand in the JSON text only as an element. */
  files: { type: 'list', has: (file) => containsText(sql.ref('changes.files'), JSON.stringify(file)) },
};
