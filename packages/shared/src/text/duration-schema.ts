/** The schema of durations in configuration files, apart from `duration.ts` so that printing one does not load zod (25 ms). */
import * as z from 'zod';
import { BugError } from '../errors.ts';
import { parseDuration } from './duration.ts';

/** A duration in a configuration file: a text as `parseDuration` reads it, or a number of seconds. Gives milliseconds. */
export const durationSchema = z
  .union([z.string(), z.number().nonnegative()])
  .transform((value, context): number => {
    const parsed = parseDuration(typeof value === 'number' ? plainDecimal(value) : value);
    if (parsed.ok) return parsed.ms;
    context.addIssue({ code: 'custom', message: parsed.reason });
    return z.NEVER;
  })
  .meta({ description: 'A duration such as 30s, 2m45s, 1h05m or 1.5h; a number alone is seconds.' });

/** A duration with bounds, which are written as people write them; `why` says what would go wrong beyond them. */
export function boundedDuration({ from, to, why }: { from: string; to: string; why: string }) {
  const [least, most] = [millisecondsOf(from), millisecondsOf(to)];
  const message = `must be from ${from} to ${to}: ${why}`;
  return durationSchema.refine((ms) => ms >= least && ms <= most, message);
}

function millisecondsOf(text: string): number {
  const parsed = parseDuration(text);
  if (!parsed.ok) throw new BugError(parsed.reason);
  return parsed.ms;
}

/** `1e-7` and `1e21` would not be read back as numbers; both ends are outside what a duration needs. */
function plainDecimal(seconds: number): string {
  return seconds < 1e15 ? seconds.toFixed(3) : '9'.repeat(16);
}
