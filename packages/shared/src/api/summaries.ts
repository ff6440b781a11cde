/**
 * Resources of this project's own that gather others, so that a screen needs one call: each list holds the same
 * resources as the paths of their names do, and `event_number` says from which event on to follow
 * (`GET /api/v2/events?from=N`): nothing that happens after the summary is missed, and what is told twice is the same.
 */
import * as z from 'zod';
import { failureDigestResourceSchema } from './failures.ts';
import {
  builderResourceSchema,
  buildRequestResourceSchema,
  buildResourceSchema,
  buildSetResourceSchema,
  estimateResourceSchema,
  logResourceSchema,
  masterResourceSchema,
  stepResourceSchema,
  testResultSetResourceSchema,
  workerResourceSchema,
} from './resources.ts';

/** `GET buildsets/ID/summary`, plural key `summaries`: all that a try's screen shows of one build set. */
export const buildSetSummaryResourceSchema = z.object({
  /** Newest event when the reading began; follow with `from` set to it. */
  event_number: z.number().int(),
  buildset: buildSetResourceSchema,
  buildrequests: z.array(buildRequestResourceSchema),
  builders: z.array(builderResourceSchema),
  /** Every attempt, oldest first. */
  builds: z.array(buildResourceSchema),
  /** Of all these builds, by build and number. */
  steps: z.array(stepResourceSchema),
  logs: z.array(logResourceSchema),
  /** One per builder. */
  estimates: z.array(estimateResourceSchema),
});
export type BuildSetSummaryResource = z.infer<typeof buildSetSummaryResourceSchema>;

/** `GET builds/ID/summary`, plural key `build_summaries`: one build with all that is known of it, however it stands. */
export const buildSummaryResourceSchema = z.object({
  event_number: z.number().int(),
  /** With its properties. */
  build: buildResourceSchema,
  buildrequest: buildRequestResourceSchema.nullable(),
  builder: builderResourceSchema.nullable(),
  worker: workerResourceSchema.nullable(),
  steps: z.array(stepResourceSchema),
  logs: z.array(
    logResourceSchema.extend({
      /** Its first twenty lines, as `contents` gives them; empty for what is no text, and beyond the first hundred logs. */
      head: z.string(),
    }),
  ),
  test_result_sets: z.array(testResultSetResourceSchema),
  failure_digest: failureDigestResourceSchema,
  estimate: estimateResourceSchema,
});
export type BuildSummaryResource = z.infer<typeof buildSummaryResourceSchema>;

/** `GET status`, plural key `statuses`: how things stand now, without history. */
export const statusResourceSchema = z.object({
  event_number: z.number().int(),
  title: z.string(),
  master: masterResourceSchema.nullable(),
  /** Whether the master starts nothing more and ends when the builds that run have ended. An older one does not say. */
  draining: z.boolean().optional(),
  builders: z.array(builderResourceSchema),
  workers: z.array(workerResourceSchema),
  /** Running builds. */
  builds: z.array(buildResourceSchema),
  /** Steps of the running builds. */
  steps: z.array(stepResourceSchema),
  /** The newest finished build of each builder that has one. */
  last_builds: z.array(buildResourceSchema),
  /** Head of the queue: pending requests, the most important first, at most 200. */
  buildrequests: z.array(buildRequestResourceSchema),
  /** How many requests are pending in all. */
  pending: z.number().int(),
  /** Requests that failed too often and wait for a person, the oldest first, at most 200. */
  shelved: z.array(buildRequestResourceSchema),
});
export type StatusResource = z.infer<typeof statusResourceSchema>;

/** What a force scheduler offers. */
export const forceSchedulerResourceSchema = z.object({
  name: z.string(),
  label: z.string(),
  button_name: z.string(),
  builder_names: z.array(z.string()),
  enabled: z.boolean(),
  /** Form fields, Buildbot's specification. */
  all_fields: z.array(z.record(z.string(), z.json())),
});
export type ForceSchedulerResource = z.infer<typeof forceSchedulerResourceSchema>;
