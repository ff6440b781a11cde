/** Resources for tests of the view: whole, plain, and changed where a test says so. */
import type {
  BuilderResource,
  BuildRequestResource,
  BuildResource,
  BuildSetResource,
  BuildSetSummaryResource,
  EstimateResource,
  LogResource,
  StepResource,
  WorkerResource,
} from '@buildbot/shared';

/** When the story begins. Epoch milliseconds. */
export const T0 = 1_795_000_000_000;

export function buildSet(change: Partial<BuildSetResource> = {}): BuildSetResource {
  return {
    bsid: 7,
    external_idstring: 'job-1',
    reason: "'try' job",
    submitted_at: T0 / 1000,
    complete: false,
    complete_at: null,
    results: null,
    sourcestamps: [],
    parent_buildid: null,
    parent_relationship: null,
    rebuilt_buildid: null,
    submitter: 'alice',
    scheduler: 'try',
    submitted_at_ms: T0,
    ...change,
  };
}

export function request(change: Partial<BuildRequestResource> = {}): BuildRequestResource {
  return {
    buildrequestid: 11,
    buildsetid: 7,
    builderid: 1,
    priority: 0,
    claimed: false,
    claimed_at: null,
    claimed_by_masterid: null,
    complete: false,
    complete_at: null,
    results: -1,
    submitted_at: T0 / 1000,
    waited_for: false,
    properties: null,
    state: 'pending',
    attempts: 0,
    failures: 0,
    shelved: null,
    not_before: null,
    waiting_reason: 'no worker is connected',
    stopped_by: null,
    stop_reason: null,
    ...change,
  };
}

export function builder(change: Partial<BuilderResource> = {}): BuilderResource {
  return {
    builderid: 1,
    name: 'linux',
    masterids: [1],
    description: null,
    description_format: null,
    description_html: null,
    projectid: null,
    tags: [],
    ...change,
  };
}

export function build(change: Partial<BuildResource> = {}): BuildResource {
  return {
    buildid: 100,
    number: 5,
    builderid: 1,
    buildrequestid: 11,
    workerid: 1,
    masterid: 1,
    started_at: T0 / 1000,
    complete: false,
    complete_at: null,
    locks_duration_s: 0,
    state_string: 'building',
    results: null,
    properties: { workername: ['w1', 'Worker'] },
    attempt: 1,
    infrastructure: false,
    started_at_ms: T0,
    complete_at_ms: null,
    stopped_by: null,
    stop_reason: null,
    ...change,
  };
}

export function step(change: Partial<StepResource> = {}): StepResource {
  return {
    stepid: 1000,
    number: 0,
    name: 'test',
    buildid: 100,
    started_at: T0 / 1000,
    complete: false,
    complete_at: null,
    locks_acquired_at: T0 / 1000,
    results: null,
    state_string: 'running',
    urls: [],
    hidden: false,
    started_at_ms: T0,
    complete_at_ms: null,
    ...change,
  };
}

export function log(change: Partial<LogResource> = {}): LogResource {
  return {
    logid: 5000,
    name: 'stdio',
    slug: 'stdio',
    stepid: 1000,
    complete: false,
    num_lines: 0,
    type: 's',
    num_bytes: 0,
    ...change,
  };
}

export function estimate(change: Partial<EstimateResource> = {}): EstimateResource {
  const range = { low: 50_000, middle: 60_000, high: 80_000 };
  return { builderid: 1, samples: 12, total: range, steps: [{ name: 'test', ...range }], ...change };
}

export function worker(change: Partial<WorkerResource> = {}): WorkerResource {
  return {
    workerid: 1,
    name: 'w1',
    connected_to: [{ masterid: 1 }],
    configured_on: [{ masterid: 1, builderid: 1 }],
    workerinfo: { admin: null, host: null, access_uri: null, version: null },
    paused: false,
    pause_reason: null,
    graceful: false,
    availability: 'eager',
    availability_rule: 'default',
    availability_reason: null,
    availability_until: null,
    admin_availability: null,
    max_builds: 1,
    running_builds: 0,
    suspect: null,
    losses: 0,
    missing_since: null,
    away_since: null,
    tags: [],
    ...change,
  };
}

export function summary(change: Partial<BuildSetSummaryResource> = {}): BuildSetSummaryResource {
  return {
    event_number: 10,
    buildset: buildSet(),
    buildrequests: [request()],
    builders: [builder()],
    builds: [],
    steps: [],
    logs: [],
    estimates: [],
    ...change,
  };
}
