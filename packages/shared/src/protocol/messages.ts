/**
 * Worker protocol, version 1. One WebSocket, opened by the worker. Text frames hold one JSON object each, from the
 * unions below; binary frames hold `encodeFrame(header, payload)` (see `frames.ts`).
 *
 * A *session* is (worker name, boot id of the worker process) and outlives connections. What the worker reports is
 * numbered, kept on its disk until the master acknowledges it, and sent again after a reconnect from `ackedSeq + 1`.
 * What the master wants is a state, not a queue: the set of commands that should be running; at every hello the two
 * sides compare. Doing anything twice is harmless.
 */
import * as z from 'zod';
import { availabilitySchema, commandKeySchema, commandOutcomeSchema, commandSchema } from './command.ts';

const seqSchema = z.number().int().min(0);
const shortText = z.string().max(1024);
/** Load average per processor, in steps coarse enough that it is told seldom. */
const loadSchema = z.number().min(0).max(1000);
/** Epoch milliseconds. */
const momentSchema = z.number().int().min(0);

const workerInfoSchema = z.object({
  admin: shortText.nullable(),
  host: shortText.nullable(),
  accessUri: shortText.nullable(),
  version: shortText.nullable(),
  system: shortText.nullable(),
  cpus: z.number().int().positive().nullable(),
});

/** First frame of every connection, from the worker. */
const helloSchema = z.object({
  type: z.literal('hello'),
  protocol: z.object({ min: z.number().int(), max: z.number().int() }),
  worker: z.string().min(1).max(128),
  password: z.string().max(1024),
  /** Random, made when the worker process starts: tells a reconnect from a restart. */
  bootId: z.string().regex(/^[0-9a-f]{32}$/),
  info: workerInfoSchema,
  availability: availabilitySchema,
  availabilityRule: shortText,
  /** As in `availability`. Older workers say none of these four. */
  availabilityReason: shortText.nullable().optional(),
  availabilityUntil: momentSchema.nullable().optional(),
  load: loadSchema.optional(),
  graceful: z.boolean().optional(),
  /** Keys of commands that run or have ended without the master having acknowledged it. */
  commands: z.array(commandKeySchema).max(10_000),
  /** Number of the newest message the worker ever made in this session, 0 for none. */
  lastSeq: seqSchema,
});
export type Hello = z.infer<typeof helloSchema>;

/** The master's answer to a good hello. */
const welcomeSchema = z.object({
  type: z.literal('welcome'),
  protocol: z.number().int(),
  /** The worker sends what comes after this number; everything up to it may leave the spool. */
  ackedSeq: seqSchema,
  /** Something is heard from each side at least every interval. Milliseconds. */
  keepaliveMs: z.number().int().positive(),
  /** A side that heard nothing for `keepaliveMs + timeoutMs` cuts the connection. Milliseconds. */
  timeoutMs: z.number().int().positive(),
  /** How long the worker goes on without a master before it ends its process trees. Milliseconds. */
  graceMs: z.number().int().positive(),
  /** Bytes of unacknowledged frames that may be under way. */
  window: z.number().int().positive(),
  /**
   * Whether the master tells a worker that is draining (`graceful` in `availability`) when it has no build left there: by
   * `refused` with `again` false. Older masters do not say so; their workers leave when they have been idle for a while.
   */
  drains: z.boolean().optional(),
  /** Every command that should be running; the worker ends those of its own that are not among them. */
  wanted: z.array(z.object({ key: commandKeySchema, command: commandSchema })),
});
export type Welcome = z.infer<typeof welcomeSchema>;

/** The master's answer to a bad hello, or its goodbye later. `again` false: do not come back until changed. */
const refusedSchema = z.object({
  type: z.literal('refused'),
  code: z.enum(['unknown-worker', 'wrong-password', 'protocol', 'malformed', 'shutting-down']),
  reason: shortText,
  again: z.boolean(),
});

/** Start this command unless it is known already. */
const startSchema = z.object({
  type: z.literal('start'),
  key: commandKeySchema,
  command: commandSchema,
});

/** End this command's process tree; its end is reported like any other. Unknown keys are reported as lost. */
export const stopSchema = z.object({ type: z.literal('stop'), key: commandKeySchema, reason: shortText });

/** Everything up to and including `seq` is durable at the master. */
const ackSchema = z.object({ type: z.literal('ack'), seq: seqSchema });

/** A newer process of this worker has taken over: end everything and do not come back. */
const supersededSchema = z.object({ type: z.literal('superseded'), reason: shortText });

/** Ask for a sign of life, with a number to tell answers apart. */
const pingSchema = z.object({ type: z.literal('ping'), id: z.number().int() });
const pongSchema = z.object({ type: z.literal('pong'), id: z.number().int() });

/** The worker wants a piece of a blob. The answer is a `blob` frame. */
const fetchSchema = z.object({
  type: z.literal('fetch'),
  key: commandKeySchema,
  blob: z.string().max(128),
  offset: z.number().int().min(0),
  /** At most 256 KiB. */
  length: z.number().int().positive().max(262_144),
});

/** The worker's admin changed when it may be used, or the worker is draining. Not numbered: the newest counts. */
const availabilityMessageSchema = z.object({
  type: z.literal('availability'),
  availability: availabilitySchema,
  rule: shortText,
  /** The worker is leaving: no new builds, and a goodbye as soon as none is there. */
  graceful: z.boolean(),
  /** Why, in the words of whoever made the rule. */
  reason: shortText.nullable().optional(),
  /** When this ends as far as the worker knows. */
  until: momentSchema.nullable().optional(),
  load: loadSchema.optional(),
});

/** Numbered: the command has begun. */
const startedSchema = z.object({
  type: z.literal('started'),
  seq: seqSchema,
  key: commandKeySchema,
});

/** Numbered: the command has ended; all its output has smaller numbers. */
const endedSchema = z.object({
  type: z.literal('ended'),
  seq: seqSchema,
  key: commandKeySchema,
  outcome: commandOutcomeSchema,
});

/** Text frames from the worker. */
export const workerMessageSchema = z.discriminatedUnion('type', [
  helloSchema,
  pingSchema,
  pongSchema,
  fetchSchema,
  availabilityMessageSchema,
  startedSchema,
  endedSchema,
]);
export type WorkerMessage = z.infer<typeof workerMessageSchema>;

/** Text frames from the master. */
export const masterMessageSchema = z.discriminatedUnion('type', [
  welcomeSchema,
  refusedSchema,
  startSchema,
  stopSchema,
  ackSchema,
  supersededSchema,
  pingSchema,
  pongSchema,
]);
export type MasterMessage = z.infer<typeof masterMessageSchema>;

const STREAMS = ['o', 'e', 'h'] as const;
/** `o` standard output, `e` standard error, `h` header written by Buildbot itself. */
export type Stream = (typeof STREAMS)[number];

/** Header of a binary `log` frame from the worker: numbered; the payload is one zstd frame of `length` raw bytes. */
export const logFrameSchema = z.object({
  type: z.literal('log'),
  seq: seqSchema,
  key: commandKeySchema,
  /** Name of the log in the step: `stdio`, or that of a followed file. */
  log: z.string().min(1).max(128),
  /** Raw bytes of this command's log that came before. */
  offset: z.number().int().min(0),
  /** Raw bytes in this chunk, at most 256 KiB. */
  length: z.number().int().positive().max(262_144),
  /** Line breaks (LF) in this chunk. */
  newlines: z.number().int().min(0),
  /** Consecutive runs of one stream: `[stream, raw bytes]`, together `length`. */
  runs: z.array(z.tuple([z.enum(STREAMS), z.number().int().positive()])).min(1),
});
export type LogFrame = z.infer<typeof logFrameSchema>;

/** Header of a binary `blob` frame from the master; the payload is the bytes from `offset`, empty at the end. */
export const blobFrameSchema = z.object({
  type: z.literal('blob'),
  key: commandKeySchema,
  blob: z.string().max(128),
  offset: z.number().int().min(0),
});
export type BlobFrame = z.infer<typeof blobFrameSchema>;

/** Largest raw chunk of a log, and of a blob. */
export const CHUNK_BYTES = 262_144;
/** `maxPayload` of the WebSocket on both sides: any message above this is a protocol error. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
/** Path of the workers' endpoint. */
export const WORKER_PATH = '/worker';
