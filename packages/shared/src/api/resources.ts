/**
 * The resources of `/api/v2` as they travel: Buildbot's field names and meanings (`spec/rest-api-v2.md`, section 4),
 * times in whole epoch seconds, with this project's own fields added beside them and never in their place. Each
 * schema is the one description from which validation, types, REST, events and OpenAPI come.
 */
import * as z from 'zod';
import { AVAILABILITIES, BUILD_REQUEST_STATES } from '../model/entities.ts';
import { propertiesSchema } from '../model/property.ts';
import { resultsSchema } from '../model/results.ts';
import { MARKS } from '../model/tests.ts';

const id = z.number().int();
/** Epoch seconds. */
const time = z.number().int();
/** Epoch milliseconds: an addition of this project, for clocks that show tenths. */
const timeMs = z.number().int();
const results = resultsSchema.nullable();

const patchResourceSchema = z.object({
  patchid: id,
  level: z.number().int(),
  subdir: z.string(),
  author: z.string(),
  comment: z.string(),
  /** Always null, as Buildbot has it: a patch is not readable over REST. */
  body: z.null(),
});

const sourceStampResourceSchema = z.object({
  ssid: id,
  branch: z.string().nullable(),
  revision: z.string().nullable(),
  repository: z.string(),
  project: z.string(),
  codebase: z.string(),
  created_at: time,
  patch: patchResourceSchema.nullable(),
});

const changeResourceSchema = z.object({
  changeid: id,
  author: z.string(),
  committer: z.string().nullable(),
  branch: z.string().nullable(),
  category: z.string().nullable(),
  codebase: z.string(),
  comments: z.string(),
  files: z.array(z.string()),
  parent_changeids: z.array(id),
  project: z.string(),
  properties: propertiesSchema,
  repository: z.string(),
  revision: z.string().nullable(),
  revlink: z.string().nullable(),
  sourcestamp: sourceStampResourceSchema,
  when_timestamp: time,
});

export const buildSetResourceSchema = z.object({
  bsid: id,
  external_idstring: z.string().nullable(),
  reason: z.string(),
  submitted_at: time,
  complete: z.boolean(),
  complete_at: time.nullable(),
  results,
  sourcestamps: z.array(sourceStampResourceSchema),
  parent_buildid: id.nullable(),
  parent_relationship: z.string().nullable(),
  rebuilt_buildid: id.nullable(),
  /** Own: proven user who submitted it. */
  submitter: z.string().nullable(),
  /** Own: name of the scheduler that made it. */
  scheduler: z.string(),
  /** Own. */
  submitted_at_ms: timeMs,
});

export const buildRequestResourceSchema = z.object({
  buildrequestid: id,
  buildsetid: id,
  builderid: id,
  priority: z.number().int(),
  claimed: z.boolean(),
  claimed_at: time.nullable(),
  claimed_by_masterid: id.nullable(),
  complete: z.boolean(),
  complete_at: time.nullable(),
  /** −1 while incomplete, as Buildbot has it. */
  results: z.union([resultsSchema, z.literal(-1)]),
  submitted_at: time,
  waited_for: z.boolean(),
  properties: propertiesSchema.nullable(),
  /** Own: what it waits for, told apart from what Buildbot's `claimed` and `complete` can say. */
  state: z.enum(BUILD_REQUEST_STATES),
  /** Own: attempts started so far. */
  attempts: z.number().int(),
  /** Own: infrastructure failures since it was asked for, or since it was last taken off the shelf. */
  failures: z.number().int(),
  /** Own: it failed too often and waits for a person (`unshelve`, `cancel`); null unless it is shelved. */
  shelved: z.object({ at: time, reason: z.string() }).nullable(),
  /** Own: not started before this time (delay after an infrastructure failure). */
  not_before: time.nullable(),
  /** Own: why it is not running yet (`no worker is connected`, `2 requests ahead`, …); null when it is, or is done. */
  waiting_reason: z.string().nullable(),
  /** Own: who asked to cancel it and why. Of a request that never ran there is no build to say so. */
  stopped_by: z.string().nullable(),
  stop_reason: z.string().nullable(),
});

export const buildResourceSchema = z.object({
  buildid: id,
  number: z.number().int(),
  builderid: id,
  buildrequestid: id.nullable(),
  workerid: id,
  masterid: id,
  started_at: time,
  complete: z.boolean(),
  complete_at: time.nullable(),
  locks_duration_s: z.number().int(),
  state_string: z.string(),
  results,
  properties: propertiesSchema,
  /** Own: which attempt of the request this is, from 1. */
  attempt: z.number().int(),
  /** Own: the infrastructure failed, so it says nothing about the source. */
  infrastructure: z.boolean(),
  /** Own. */
  started_at_ms: timeMs,
  /** Own. */
  complete_at_ms: timeMs.nullable(),
  /** Own: who asked to stop it and why. */
  stopped_by: z.string().nullable(),
  stop_reason: z.string().nullable(),
});

export const stepResourceSchema = z.object({
  stepid: id,
  number: z.number().int(),
  name: z.string(),
  buildid: id,
  started_at: time.nullable(),
  complete: z.boolean(),
  complete_at: time.nullable(),
  locks_acquired_at: time.nullable(),
  results,
  state_string: z.string(),
  urls: z.array(z.object({ name: z.string(), url: z.string() })),
  hidden: z.boolean(),
  /** Own. */
  started_at_ms: timeMs.nullable(),
  /** Own. */
  complete_at_ms: timeMs.nullable(),
});

export const logResourceSchema = z.object({
  logid: id,
  name: z.string(),
  slug: z.string(),
  stepid: id,
  complete: z.boolean(),
  num_lines: z.number().int(),
  type: z.enum(['s', 't', 'h', 'd']),
  /** Own: raw size, which is also the offset at which the next byte will come. */
  num_bytes: z.number().int(),
});

const logChunkResourceSchema = z.object({
  logid: id,
  firstline: z.number().int(),
  content: z.string(),
});

export const builderResourceSchema = z.object({
  builderid: id,
  name: z.string(),
  masterids: z.array(id),
  description: z.string().nullable(),
  description_format: z.string().nullable(),
  description_html: z.string().nullable(),
  projectid: id.nullable(),
  tags: z.array(z.string()),
});

export const workerResourceSchema = z.object({
  workerid: id,
  name: z.string(),
  connected_to: z.array(z.object({ masterid: id })),
  configured_on: z.array(z.object({ masterid: id, builderid: id })),
  workerinfo: z.object({
    admin: z.string().nullable(),
    host: z.string().nullable(),
    access_uri: z.string().nullable(),
    version: z.string().nullable(),
  }),
  paused: z.boolean(),
  pause_reason: z.string().nullable(),
  graceful: z.boolean(),
  /** Own: the lowest of what its own rules and the master's admin say. */
  availability: z.enum(AVAILABILITIES),
  /** Own: which rule decided it. */
  availability_rule: z.string(),
  /** Own: in the words of whoever made that rule speak. */
  availability_reason: z.string().nullable(),
  /** Own: when this ends as far as is known. */
  availability_until: time.nullable(),
  /** Own: what the master's admin says (`set_availability`), null for nothing. */
  admin_availability: z
    .object({
      availability: z.enum(AVAILABILITIES),
      reason: z.string().nullable(),
      by: z.string().nullable(),
      at: time.nullable(),
      until: time.nullable(),
    })
    .nullable(),
  /** Own: 0 is no limit. */
  max_builds: z.number().int(),
  /** Own: builds running on it now. */
  running_builds: z.number().int(),
  /** Own: it lost several builds in a row and gets none until then; null when it is trusted. */
  suspect: z.object({ until: time, reason: z.string() }).nullable(),
  /** Own: builds it lost in a row. */
  losses: z.number().int(),
  /** Own: since when it is taken for missing (away for longer than the grace); null when it is not. */
  missing_since: time.nullable(),
  /** Own: since when it has been away; null while it is connected and when it never was. */
  away_since: time.nullable(),
  /** Own: when it was last heard, if it is connected and should have been heard since; null when all is well, absent in older masters. */
  silent_since: time.nullable().optional(),
  tags: z.array(z.string()),
});

export const masterResourceSchema = z.object({
  masterid: id,
  name: z.string(),
  active: z.boolean(),
  last_active: time,
  /** Own: it starts nothing more, and ends when the builds that run have ended. An older master does not say. */
  draining: z.boolean().optional(),
});

const schedulerResourceSchema = z.object({
  schedulerid: id,
  name: z.string(),
  enabled: z.boolean(),
  master: masterResourceSchema.nullable(),
  /** Own: `try`, `force`. */
  type: z.string(),
});

export const testResultSetResourceSchema = z.object({
  test_result_setid: id,
  builderid: id,
  buildid: id,
  stepid: id,
  /** What the report was read as: `junit`, `tap`, … */
  description: z.string().nullable(),
  category: z.string(),
  value_unit: z.string(),
  /** Null until it is complete. */
  tests_passed: z.number().int().nullable(),
  tests_failed: z.number().int().nullable(),
  complete: z.boolean(),
  /** Own. */
  tests_skipped: z.number().int().nullable(),
});

const testResultResourceSchema = z.object({
  test_resultid: id,
  builderid: id,
  test_result_setid: id,
  test_name: z.string().nullable(),
  test_code_path: z.string().nullable(),
  line: z.number().int().nullable(),
  duration_ns: z.number().int().nullable(),
  /** `1` passed, `0` failed. */
  value: z.string(),
  /** Own. */
  buildid: id,
  /** Own. */
  stepid: id,
  /** Own. */
  failed: z.boolean(),
  /** Own: what went wrong, at most twenty lines. */
  message: z.array(z.string()),
  /** Own: whose failure it is, as far as other builds tell now; null for what did not fail. */
  mark: z.enum(MARKS).nullable(),
});

/** Own resource: what past successful builds of a builder say about a future or running one. */
export const estimateResourceSchema = z.object({
  builderid: id,
  /** Past successful builds the figures stand on. Below 3 there is no estimate. */
  samples: z.number().int(),
  /** Whole build. Milliseconds. */
  total: z.object({ low: z.number(), middle: z.number(), high: z.number() }).nullable(),
  /** In the order of the newest build's steps. Milliseconds. */
  steps: z.array(z.object({ name: z.string(), low: z.number(), middle: z.number(), high: z.number() })),
});

export type SourceStampResource = z.infer<typeof sourceStampResourceSchema>;
export type ChangeResource = z.infer<typeof changeResourceSchema>;
export type BuildSetResource = z.infer<typeof buildSetResourceSchema>;
export type BuildRequestResource = z.infer<typeof buildRequestResourceSchema>;
export type BuildResource = z.infer<typeof buildResourceSchema>;
export type StepResource = z.infer<typeof stepResourceSchema>;
export type LogResource = z.infer<typeof logResourceSchema>;
export type BuilderResource = z.infer<typeof builderResourceSchema>;
export type WorkerResource = z.infer<typeof workerResourceSchema>;
export type MasterResource = z.infer<typeof masterResourceSchema>;
export type SchedulerResource = z.infer<typeof schedulerResourceSchema>;
export type TestResultSetResource = z.infer<typeof testResultSetResourceSchema>;
export type TestResultResource = z.infer<typeof testResultResourceSchema>;
export type EstimateResource = z.infer<typeof estimateResourceSchema>;

/** The plural key of each resource in an answer, and its schema. */
export const RESOURCES = {
  masters: masterResourceSchema,
  builders: builderResourceSchema,
  workers: workerResourceSchema,
  schedulers: schedulerResourceSchema,
  changes: changeResourceSchema,
  sourcestamps: sourceStampResourceSchema,
  buildsets: buildSetResourceSchema,
  buildrequests: buildRequestResourceSchema,
  builds: buildResourceSchema,
  steps: stepResourceSchema,
  logs: logResourceSchema,
  test_result_sets: testResultSetResourceSchema,
  test_results: testResultResourceSchema,
  logchunks: logChunkResourceSchema,
  estimates: estimateResourceSchema,
} as const;

export type ResourceName = keyof typeof RESOURCES;
/** The wire form of a resource by its plural name. */
export type ResourceOf<N extends ResourceName> = z.infer<(typeof RESOURCES)[N]>;
