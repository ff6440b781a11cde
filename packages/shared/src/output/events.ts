/** The lines of `try --events`, `watch ID --events` and `watch --events`: what has happened and will not change. */
import * as z from 'zod';
import { failureSchema } from './failure.ts';
import { FARM_EVENT_SCHEMA, TRY_EVENT_SCHEMA } from './names.ts';
import {
  atMs,
  count,
  durationMs,
  ended,
  errorSchema,
  estimated,
  exitCode,
  id,
  list,
  rangeSchema,
} from './parts.ts';

function event<N extends string, S extends z.ZodRawShape>(name: N, shape: S) {
  return z.object({ event: z.literal(name), at: atMs, ...shape });
}

const build = z
  .object({ buildId: id, builder: z.string(), number: id })
  .describe('Which build; its names are fit for a terminal.');
const { left, samples } = estimated;
const commands = list(z.string()).describe('What to type next.');
const stopped = { stoppedBy: z.string().nullable(), stopReason: z.string().nullable() };

/** What happens on the client's side of the link. */
const localEventSchema = z.discriminatedUnion('event', [
  event('snapshot', {
    files: list(z.string()).describe('One line per file: `+`, `~` or `-` and its name.'),
    leftOut: list(z.string()).describe('Files that are not sent.'),
    base: z
      .string()
      .nullable()
      .describe('Revision of the patch; null for the newest when the master builds.'),
    branch: z.string().nullable(),
    bytes: count.describe('Size of the patch.'),
    durationMs,
  }),
  event('queued', { buildSetId: id, builders: list(z.string()), user: z.string().nullable() }),
  event('kept', { reason: z.string() }).describe('Delivered, but there is nobody to follow.'),
  event('link_lost', { reason: z.string(), retryInMs: durationMs }),
  event('no_contact', { reason: z.string(), durationMs }).describe('Told ever more seldom.'),
  event('link_restored', {}),
  event('stopping', { reason: z.string() }),
  event('detached', {
    attach: z.string().describe('The command that attaches again.'),
    canStop: z.boolean().describe('For a moment a second Ctrl-C still stops the builds.'),
  }),
  event('note', { text: z.string() }),
  event('finished', { exitCode, text: z.string(), error: errorSchema.optional() }).describe(
    'Always the last.',
  ),
]);

const buildEventSchema = z.discriminatedUnion('event', [
  event('build_started', {
    build,
    worker: z.string(),
    attempt: id,
    left: left.optional(),
    samples: samples.optional(),
  }),
  event('worker_away', { build, worker: z.string() }).describe('The build waits for its worker.'),
  event('step_started', { build, step: z.string(), index: count }),
  event('step_finished', { build, step: z.string(), text: z.string(), durationMs, ...ended }),
  event('step_failure', { build, step: z.string(), failure: failureSchema }).describe(
    'Whose failure it is, soon after the end of the step.',
  ),
  event('log_excerpt', {
    build,
    step: z.string(),
    log: z.string(),
    lines: list(z.string()),
    commands,
  }).describe("Lines of a failed step's log: around the first error that names a place, else the last."),
  event('build_finished', {
    build,
    text: z.string(),
    durationMs,
    infrastructure: z.boolean().describe('It says nothing about the source.'),
    ...stopped,
    ...ended,
  }),
]);

const requestEventSchema = z.discriminatedUnion('event', [
  event('request_cancelled', { requestId: id, builder: z.string(), ...stopped, ...ended }).describe(
    'Before any build of it began.',
  ),
  event('request_shelved', {
    requestId: id,
    builder: z.string(),
    reason: z.string(),
    failures: count,
    commands,
  }).describe('It failed too often and waits for a person.'),
]);

const estimateEventSchema = event('estimate', {
  left: left.describe('Until the last open builder ends, queue time apart.'),
  samples,
  builds: list(
    z.object({
      builder: z.string(),
      requestId: id,
      buildId: id.nullable(),
      left: rangeSchema.nullable(),
      samples,
    }),
  ).describe('Those that have not ended.'),
});

/** The bytes are `text` if that is what they are, else `base64`. */
const logEventSchema = event('log', {
  build,
  step: z.string(),
  log: z.string(),
  logId: id,
  offset: count,
  length: count.describe('Bytes.'),
  text: z.string().optional(),
  base64: z.base64().optional(),
});

/** What is new on the farm, besides builds. */
const farmChangeSchema = z.discriminatedUnion('event', [
  event('worker_connected', { worker: z.string() }),
  event('worker_disconnected', { worker: z.string() }),
  event('worker_suspect', { worker: z.string(), reason: z.string() }),
  event('worker_trusted', { worker: z.string() }),
  event('request_waiting', { requestId: id, builder: z.string(), reason: z.string() }),
]);

/** What has happened to a try. */
export const factEventSchema = z.discriminatedUnion('event', [
  localEventSchema,
  buildEventSchema,
  requestEventSchema,
]);

export const tryEventSchema = z
  .object({ schema: z.literal(TRY_EVENT_SCHEMA) })
  .and(z.discriminatedUnion('event', [factEventSchema, estimateEventSchema, logEventSchema]));
export type TryEvent = z.infer<typeof tryEventSchema>;

export const farmEventSchema = z
  .object({ schema: z.literal(FARM_EVENT_SCHEMA) })
  .and(z.discriminatedUnion('event', [factEventSchema, farmChangeSchema]));
export type FarmEvent = z.infer<typeof farmEventSchema>;

/** An event as the client holds it: its name is its `type`, and a result is a code only. */
type Held<E> = E extends { event: infer N } ? Omit<E, 'event' | 'result'> & { type: N } : never;

export type LocalEvent = Held<z.infer<typeof localEventSchema>>;
export type BuildEventFact = Held<z.infer<typeof buildEventSchema>>;
export type RequestEventFact = Held<z.infer<typeof requestEventSchema>>;
export type EstimateEvent = Held<z.infer<typeof estimateEventSchema>>;
export type FarmChangeEvent = Held<z.infer<typeof farmChangeSchema>>;
