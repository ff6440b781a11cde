/** The one objects of `--json`: a try, a dry run, the farm, its lists, and what came of commands that do one thing. */
import * as z from 'zod';
import { AVAILABILITIES } from '../model/entities.ts';
import { resultsSchema } from '../model/results-schema.ts';
import { tryEventSchema } from './events.ts';
import { failureSchema } from './failure.ts';
import {
  BUILDERS_SCHEMA,
  DONE_SCHEMA,
  DRY_RUN_SCHEMA,
  FARM_SCHEMA,
  TRY_SCHEMA,
  WORKERS_SCHEMA,
} from './names.ts';
import {
  atMs,
  count,
  durationMs,
  endedOrNot,
  errorSchema,
  estimated,
  exitCode,
  failed,
  id,
  list,
} from './parts.ts';

const tryBuildSchema = z.object({
  builder: z.string(),
  requestId: id,
  buildId: id.nullable(),
  number: id.nullable(),
  attempt: count,
  state: z.enum(['waiting', 'running', 'shelved', 'done']),
  ...endedOrNot,
  text: z.string().describe('What the master says of it.'),
  durationMs,
  ...estimated,
  steps: list(
    z.object({
      name: z.string(),
      results: resultsSchema.nullable(),
      text: z.string(),
      durationMs,
      failure: failureSchema.nullable().describe('Null unless it failed.'),
    }),
  ),
});

export const tryOutputSchema = z.object({
  schema: z.literal(TRY_SCHEMA),
  exitCode,
  error: errorSchema.optional().describe('Why there is no result.'),
  buildSetId: id.nullable().describe('The number of the try.'),
  complete: z.boolean().describe('Whether all builds have ended.'),
  ...endedOrNot,
  ...estimated,
  builds: list(tryBuildSchema).describe('One for each builder.'),
  events: list(tryEventSchema).describe('In their order, without estimates.'),
});
export type TryOutput = z.infer<typeof tryOutputSchema>;

const dryRunSchema = z.object({
  schema: z.literal(DRY_RUN_SCHEMA),
  repository: z.string(),
  branch: z.string().nullable(),
  baseRevision: z.string().nullable(),
  tree: z.string().nullable(),
  builders: list(z.string()),
  properties: z.record(z.string(), z.unknown()),
  files: list(z.string()),
  leftOut: list(z.string()),
  patchBytes: count,
  jobBytes: count,
});
export type DryRunOutput = z.infer<typeof dryRunSchema>;
export const dryRunOutputSchema = z.union([
  dryRunSchema,
  z.object({ schema: z.literal(DRY_RUN_SCHEMA), ...failed }),
]);

const seconds = z.number().describe('Epoch seconds.');

const builderItemSchema = z.object({
  builderId: id,
  name: z.string(),
  tags: list(z.string()),
  description: z.string().nullable(),
  last: z
    .object({ buildId: id, number: id, results: resultsSchema })
    .nullable()
    .describe('The newest build that has ended.'),
  running: count.describe('Builds now.'),
  waiting: count.describe('Requests in the queue.'),
  workers: list(z.string()).describe('Names of the workers it may use.'),
});
export type BuilderItem = z.infer<typeof builderItemSchema>;
export const buildersOutputSchema = z.object({
  schema: z.literal(BUILDERS_SCHEMA),
  builders: list(builderItemSchema),
});
export type BuildersOutput = z.infer<typeof buildersOutputSchema>;

const workerItemSchema = z
  .object({
    workerId: id,
    name: z.string(),
    connected: z.boolean(),
    availability: z.enum(AVAILABILITIES).nullable(),
    availabilityRule: z.string().nullable().describe('Which rule decided it.'),
    availabilityReason: z.string().nullable(),
    availabilityUntil: seconds.nullable(),
    paused: z.boolean(),
    graceful: z.boolean().describe('It gets no new builds and leaves when none is left.'),
    admin: z.string().nullable().describe('Who looks after the machine.'),
    host: z.string().nullable().describe('What machine it is.'),
    runningBuilds: count.nullable(),
    version: z.string().nullable(),
    tags: list(z.string()),
    suspect: z
      .object({ until: seconds, reason: z.string() })
      .nullable()
      .describe('It lost several builds in a row and gets none until then.'),
    awaySince: seconds.nullable().describe('Since when it has not been there.'),
    missingSince: seconds.nullable().describe('Since when it has been away for longer than its grace.'),
  })
  .describe('What a master does not say is null.');
export type WorkerItem = z.infer<typeof workerItemSchema>;
export const workersOutputSchema = z.object({
  schema: z.literal(WORKERS_SCHEMA),
  workers: list(workerItemSchema),
});
export type WorkersOutput = z.infer<typeof workersOutputSchema>;

export const doneOutputSchema = z.object({
  schema: z.literal(DONE_SCHEMA),
  command: z.string(),
  lines: list(z.string()).describe('What people read.'),
  buildSetId: id.optional().describe('Of rebuild and force: the number of the new try.'),
  buildSetIds: list(id).optional().describe('Of rebuild --failed: the numbers of the new tries.'),
});
export type DoneOutput = z.infer<typeof doneOutputSchema>;

const runningBuildSchema = z.object({
  buildId: id,
  number: id,
  worker: z.string(),
  step: z.string().nullable().describe('The step that runs now, null between steps.'),
  elapsedMs: durationMs,
  trouble: z
    .string()
    .nullable()
    .describe('In place of its estimate: nothing is heard of its worker, or it is being cancelled.'),
  fraction: z.number().min(0).max(1).nullable().describe('How much is done; null without an estimate.'),
  ...estimated,
});
export type RunningBuild = z.infer<typeof runningBuildSchema>;

const farmRowSchema = z.object({
  builderId: id,
  builder: z.string(),
  running: list(runningBuildSchema),
  waiting: count.describe('Requests in the queue.'),
  waitingReason: z.string().nullable().describe('Why the first of them waits.'),
  last: z
    .object({ buildId: id, number: id, results: resultsSchema, finishedMs: durationMs, text: z.string() })
    .nullable()
    .describe('The newest build that has ended, and how long ago that was.'),
});
export type FarmRow = z.infer<typeof farmRowSchema>;

const farmSchema = z.object({
  isKnown: z.boolean().describe('False until the master has told how things stand.'),
  title: z.string(),
  draining: z
    .boolean()
    .describe('The master starts nothing more and ends when the builds that run have ended.'),
  rows: list(farmRowSchema).describe('One per builder: busy ones first, then by name.'),
  workers: z.object({
    connected: count,
    total: count,
    names: list(z.string()),
    leaving: count.describe('Of the connected ones, as are the next two: those that take no builds.'),
    paused: count,
    unavailable: count,
  }),
  lessAvailable: list(z.object({ worker: z.string(), text: z.string() })).describe(
    'Workers that are there and lent out less: which rule says so, why and until when.',
  ),
  hostsDown: list(z.object({ worker: z.string(), reason: z.string() })).describe(
    'Workers that get no builds because they lost several in a row, or that are missing.',
  ),
  shelved: list(z.object({ requestId: id, builder: z.string(), reason: z.string() })).describe(
    'Requests that wait for a person, the oldest first.',
  ),
  running: count,
  waiting: count,
  noContactMs: durationMs.nullable().describe('Since the link was lost, null while there is one.'),
  toldAt: atMs.describe('As of when it is told: when the link was lost, if there is none.'),
});
/** How the farm stands. */
export type Farm = z.infer<typeof farmSchema>;
export const farmOutputSchema = z.union([
  farmSchema.extend({ schema: z.literal(FARM_SCHEMA) }),
  z.object({ schema: z.literal(FARM_SCHEMA), ...failed }),
]);
