/**
 * Commands: the things a step asks of a worker. Each has a key that never changes, so asking twice is harmless and a
 * command that runs can be taken up again after either end lost the other.
 */
import * as z from 'zod';
import { AVAILABILITIES } from '../model/entities.ts';

/** `<buildId>.<attempt>.<step number>.<ordinal in the step>`, all decimal. */
export const commandKeySchema = z.string().regex(/^\d{1,15}\.\d{1,9}\.\d{1,9}\.\d{1,9}$/);
export type CommandKey = z.infer<typeof commandKeySchema>;

/** A relative path below the build's folder on the worker: no `..`, not absolute, no NUL. */
export const workPathSchema = z
  .string()
  .max(1024)
  .refine(
    (path) => !path.includes('\0') && !path.startsWith('/') && !path.split(/[/\\]/).includes('..'),
    'expected a relative path that stays below the build folder',
  );

/** Bytes the worker fetches from the master before the command starts, for its standard input. */
const blobRefSchema = z.object({
  /** Name under which the master serves it to this worker, for this command only. */
  blob: z.string().max(128),
  size: z.number().int().min(0),
  /** Lower-case hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type BlobRef = z.infer<typeof blobRefSchema>;

/** A file, below `builddir`, that the worker follows while the command runs and sends as a log of its own. */
const followedFileSchema = z.object({ log: z.string().min(1).max(128), path: workPathSchema });

/** Run a program. Output goes to the log `log`, in chunks. */
const execCommandSchema = z.object({
  kind: z.literal('exec'),
  /** Program and arguments, or one string for the worker's shell (only ever written by the master's administrator). */
  command: z.union([z.array(z.string()).min(1), z.string().min(1)]),
  /** Folder of the build on the worker, relative to the worker's own: the builder's folder name. */
  builddir: workPathSchema,
  /** Working folder below `builddir`; made if missing. */
  workdir: workPathSchema,
  /** Set (text) or remove (`null`) variables of the worker's clean environment. */
  env: z.record(z.string(), z.string().nullable()).default({}),
  stdin: blobRefSchema.nullable().default(null),
  /** End the command when it prints nothing for this long; `null` for never. Milliseconds. */
  timeoutMs: z.number().int().positive().nullable().default(null),
  /** End the command after this long in all; `null` for never. Milliseconds. */
  maxTimeMs: z.number().int().positive().nullable().default(null),
  /** Time between TERM and KILL. Milliseconds. */
  graceMs: z.number().int().min(0).default(5000),
  logfiles: z.array(followedFileSchema).max(32).default([]),
  /** `log`: to the step's log; `capture`: at most 1 MiB of standard output comes back in the outcome as text. */
  output: z.enum(['log', 'capture']).default('log'),
});

/** Remove a folder tree or file below the build's folder. No output; a path that is not there is fine. */
const removeCommandSchema = z.object({
  kind: z.literal('remove'),
  builddir: workPathSchema,
  path: workPathSchema,
});

/** Copy a folder tree within the build's folder, replacing the destination. */
const copyCommandSchema = z.object({
  kind: z.literal('copy'),
  builddir: workPathSchema,
  from: workPathSchema,
  to: workPathSchema,
});

/** What is there at a path: for source steps that must know whether a checkout exists. */
const statCommandSchema = z.object({
  kind: z.literal('stat'),
  builddir: workPathSchema,
  path: workPathSchema,
});

export const commandSchema = z.discriminatedUnion('kind', [
  execCommandSchema,
  removeCommandSchema,
  copyCommandSchema,
  statCommandSchema,
]);
/** A command, all defaults filled in. */
export type Command = z.infer<typeof commandSchema>;
/** A command as a step writes it: fields with defaults may be left out. */
export type CommandInput = z.input<typeof commandSchema>;
export type ExecCommand = z.infer<typeof execCommandSchema>;

/** Why a command's processes were ended before they were done. */
const END_CAUSES = ['timeout', 'max-time', 'stopped', 'master-gone', 'worker-shutdown'] as const;

/** How a command ended. */
export const commandOutcomeSchema = z.discriminatedUnion('status', [
  z.object({
    /** It ran and ended: by itself (`cause` null) or because somebody or a limit ended it. */
    status: z.literal('exited'),
    code: z.number().int().nullable(),
    /** Signal name when a signal ended it. */
    signal: z.string().max(32).nullable(),
    cause: z.enum(END_CAUSES).nullable(),
    /** Milliseconds on the worker's monotonic clock. */
    durationMs: z.number().min(0),
    /** Captured standard output of an exec with `output: capture`, or the answer of `stat`: `file`, `dir`, `none`. */
    text: z.string().nullable(),
    /** Processes that outlived the command and were ended by the sweep. */
    strays: z.number().int().min(0),
  }),
  z.object({
    /** It could not be run (no such program, folder not writable, disk full): `reason` says what and where. */
    status: z.literal('failed'),
    reason: z.string().max(4096),
    /** True when the machine is to blame and another attempt may succeed (disk full, blob lost). */
    infrastructure: z.boolean(),
  }),
  z.object({
    /** The worker does not have it any more and cannot say how it ended (its process was started anew). */
    status: z.literal('lost'),
    reason: z.string().max(4096),
  }),
]);
export type CommandOutcome = z.infer<typeof commandOutcomeSchema>;

export const availabilitySchema = z.enum(AVAILABILITIES);
