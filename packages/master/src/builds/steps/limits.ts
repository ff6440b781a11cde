/** Options that steps which run commands share: how long a command may take and how it is ended. */
import { durationSchema, formatDuration } from '@buildbot/shared';
import * as z from 'zod';
import type { CommandResult } from '../../ports/recipe.ts';

/** A duration, or `null` (and `0`) for no limit. Milliseconds. */
const limitSchema = durationSchema.nullable().transform((ms) => (ms === 0 ? null : ms));

/** Buildbot's own default: twenty minutes of silence. */
const DEFAULT_TIMEOUT_MS = 20 * 60_000;

export const limitOptions = {
  timeout: limitSchema.default(DEFAULT_TIMEOUT_MS).meta({
    description: 'End the command when it prints nothing for this long; null for never. Default: 20m.',
  }),
  maxTime: limitSchema
    .default(null)
    .meta({ description: 'End the command after this long in all; null for never.' }),
  sigtermTime: durationSchema
    .default(5000)
    .meta({ description: 'Time between the friendly and the hard end. Default: 5s.' }),
};

export interface Limits {
  timeout: number | null;
  maxTime: number | null;
  sigtermTime: number;
}

/** As the command carries them. */
export function commandLimits({ timeout, maxTime, sigtermTime }: Limits): {
  timeoutMs: number | null;
  maxTimeMs: number | null;
  graceMs: number;
} {
  return { timeoutMs: timeout, maxTimeMs: maxTime, graceMs: sigtermTime };
}

/** Why a command did not end well, for people: `exit 2`, `killed by SIGSEGV`, `no output for 20m00s`. */
export function failureText(result: CommandResult, limits: Limits): string {
  if (result.status === 'failed') return result.reason;
  if (result.cause === 'timeout') return `no output for ${formatDuration(limits.timeout ?? 0)}`;
  if (result.cause === 'max-time') return `not done after ${formatDuration(limits.maxTime ?? 0)}`;
  return result.signal === null ? `exit ${result.code}` : `killed by ${result.signal}`;
}

/** Whether a limit ended it. */
export function timedOut(result: CommandResult): boolean {
  return result.status === 'exited' && result.cause !== null;
}

/** Whether it ran to its end and said that all is well. */
export function succeeded(result: CommandResult): boolean {
  return result.status === 'exited' && result.cause === null && result.code === 0;
}

export const environmentSchema = z
  .record(z.string().regex(/^[^=\0]+$/, 'not a name of a variable'), z.string().nullable())
  .default({})
  .meta({ description: 'Variables to set, or with null to remove; properties are filled in.' });
