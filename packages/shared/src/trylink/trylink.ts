/**
 * What is said on the SSH channel of `buildbot tryserver --jobdir DIR --attach`, and between `tryserver` and the
 * master on the gateway socket. Both are lines of JSON; after the last line each becomes a raw byte stream to the
 * master's API (HTTP/2 with prior knowledge).
 *
 * Channel:  S greeting · C submit + job bytes, or C attach · S verdict (submit only) · S attached · bytes
 * Gateway:  S challenge · C prove (after creating `tmp/<nonce>` in the try directory) · S proven · then any number
 *           of C take/S verdict, and at last C attach · S attached · bytes
 *
 * Without `--attach` the channel is Buildbot's own plain protocol: a job file on standard input, then end of file.
 */
import * as z from 'zod';

/** File in the try directory that says where the master's gateway socket is. */
export const MASTER_FILE = 'master.json';
export const masterFileSchema = z.object({
  version: z.literal(1),
  /** Absolute path of the gateway socket. */
  socket: z.string().min(1),
});

/** Longest line of this protocol in bytes. */
export const MAX_LINE_BYTES = 64 * 1024;

/** First line from `tryserver --attach`. */
const greetingSchema = z.object({
  tryserver: z.literal(1),
  /** The proven user name, or `null` while no master runs to prove it to. */
  user: z.string().nullable(),
  /** Largest job file that is accepted, in bytes. */
  maxJobBytes: z.number().int().positive(),
  /** Whether a master answers: without one a job is kept for later and nothing can be watched. */
  master: z.boolean(),
});
export type Greeting = z.infer<typeof greetingSchema>;

/**
 * The client's one request. `submit` is followed by exactly `bytes` bytes of job file. No schema: `tryserver` starts
 * without one, for it is on the path of every try.
 */
export type ChannelRequest = { op: 'submit'; bytes: number } | { op: 'attach' };

/** What became of a job. Anything but `refused` means it is durable. */
const verdictSchema = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('accepted'),
    buildSetId: z.number().int(),
    /** One per builder. */
    requests: z.array(
      z.object({ requestId: z.number().int(), builderId: z.number().int(), builder: z.string() }),
    ),
  }),
  z.object({
    status: z.literal('refused'),
    reason: z.string(),
    /** What the submitter can do about it. */
    hint: z.string().nullable(),
  }),
  /** No master runs, or its disk is full: the job waits in the try directory until it can be taken in. */
  z.object({ status: z.literal('kept'), reason: z.string() }),
]);
export type Verdict = z.infer<typeof verdictSchema>;

/** Last line before the channel becomes the master's API, or the reason why it does not. */
export const attachedSchema = z.object({ attached: z.boolean(), reason: z.string().nullable() });

/**
 * Gateway: the master's first line. Only who can create `tmp/<nonce>` in the try directory may go on: a regular file of
 * mode 0644 or tighter whose whole content is the nonce.
 */
export const challengeSchema = z.object({
  gateway: z.literal(1),
  nonce: z.string().regex(/^auth-[0-9a-f]{32}$/),
  maxJobBytes: z.number().int().positive(),
});

/** Gateway: the file is there. `user` is the name the administrator gave with `--user`, if any. */
export const proveSchema = z.object({ op: z.literal('prove'), user: z.string().max(128).nullable() });
export const provenSchema = z.discriminatedUnion('proven', [
  z.object({ proven: z.literal(true), user: z.string() }),
  z.object({ proven: z.literal(false), reason: z.string() }),
]);

/** Gateway: take in the job file `new/<file>` now; answered with a verdict. */
export const gatewayRequestSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('take'), file: z.string().max(255) }),
  z.object({ op: z.literal('attach') }),
]);
