/**
 * The examples of the OpenAPI document: how objects look, and what control calls send. Tests hold every object against its
 * schema and make every call, so that an example is never what is not so.
 */
import type { Plural, RowOf } from './resources.ts';

const STARTED = 1_795_214_639;

export const OBJECT_EXAMPLES: { readonly [P in Plural]?: RowOf<P> } = {
  masters: { masterid: 1, name: 'ci:/srv/master', active: true, last_active: STARTED, draining: false },
  builders: {
    ...{ builderid: 2, name: 'linux', masterids: [1], description: 'On Linux', tags: ['fast'] },
    ...{ description_format: null, description_html: null, projectid: null },
  },
  schedulers: {
    ...{ schedulerid: 1, name: 'force', enabled: true, type: 'force' },
    master: { masterid: 1, name: 'ci:/srv/master', active: true, last_active: STARTED, draining: false },
  },
  buildsets: {
    ...{ bsid: 7, external_idstring: null, reason: 'force build', submitted_at: STARTED, results: null },
    ...{ complete: false, complete_at: null, sourcestamps: [], submitter: 'alice', scheduler: 'force' },
    ...{ parent_buildid: null, parent_relationship: null, rebuilt_buildid: null },
    submitted_at_ms: STARTED * 1000 + 250,
  },
  buildrequests: {
    ...{ buildrequestid: 6, buildsetid: 7, builderid: 2, priority: 0, waited_for: false, properties: null },
    ...{ claimed: false, claimed_at: null, claimed_by_masterid: null, submitted_at: STARTED },
    ...{ complete: false, complete_at: null, results: -1, state: 'pending', attempts: 0, failures: 0 },
    ...{ shelved: null, not_before: null, stopped_by: null, stop_reason: null },
    waiting_reason: '2 requests ahead',
  },
  builds: {
    ...{ buildid: 1, number: 1, builderid: 2, buildrequestid: 1, workerid: 1, masterid: 1 },
    ...{ started_at: STARTED, complete: true, complete_at: STARTED + 2, locks_duration_s: 0 },
    ...{ state_string: 'build successful', results: 0, properties: { answer: [42, 'Force Build Form'] } },
    ...{ attempt: 1, infrastructure: false, stopped_by: null, stop_reason: null },
    ...{ started_at_ms: STARTED * 1000 + 120, complete_at_ms: STARTED * 1000 + 2400 },
  },
  steps: {
    ...{
      stepid: 2,
      number: 1,
      name: 'test',
      buildid: 1,
      started_at: STARTED,
      complete: false,
      results: null,
    },
    ...{ complete_at: null, locks_acquired_at: STARTED, state_string: 'running', hidden: false },
    urls: [{ name: 'report', url: 'https://ci.example/report' }],
    ...{ started_at_ms: STARTED * 1000 + 300, complete_at_ms: null },
  },
  logs: {
    ...{ logid: 1, name: 'stdio', slug: 'stdio', stepid: 2, complete: true, type: 's' },
    ...{ num_lines: 8, num_bytes: 341 },
  },
  logchunks: { logid: 1, firstline: 1, content: 'hin dir /w/b1/build\nomake: all done\n' },
  test_result_sets: {
    ...{ test_result_setid: 1, builderid: 2, buildid: 1, stepid: 2, description: 'junit', complete: true },
    ...{ category: 'pass_fail', value_unit: 'boolean' },
    ...{ tests_passed: 120, tests_failed: 1, tests_skipped: 3 },
  },
};

/** Parameters by resource and method. */
export const CALL_EXAMPLES: { readonly [P in Plural]?: Readonly<Record<string, object>> } = {
  builds: { stop: { reason: 'wrong branch' }, rebuild: {} },
  buildrequests: { cancel: { reason: 'not needed any more' }, unshelve: {}, set_priority: { priority: 10 } },
  forceschedulers: {
    force: {
      ...{ builderid: '1', username: '', reason: 'force build', priority: 0 },
      ...{ branch: 'main', project: '', repository: '', revision: '', answer: 42 },
    },
  },
  masters: { reconfig: {}, stop: { graceful: true } },
  schedulers: { enable: { enabled: false } },
  workers: {
    stop: { reason: 'new disk' },
    kill: { reason: 'it burns' },
    pause: { reason: 'disk is full' },
    unpause: {},
    trust: {},
    set_availability: { availability: 'reluctant', reason: 'a demonstration', duration_s: 3600 },
  },
};
