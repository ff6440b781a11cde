/** Parse one text message of the worker protocol against its schema; a bad one is a value with a reason. */
import type * as z from 'zod';
import { messageOf } from '../errors.ts';

export type Parsed<T> = { ok: true; value: T } | { ok: false; reason: string };

/** Check `value` against `schema`; the reason is one line that names the field. */
export function check<T>(schema: z.ZodType<T>, value: unknown): Parsed<T> {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  const issue = result.error.issues[0];
  const where = issue?.path.length ? `${issue.path.join('.')}: ` : '';
  return { ok: false, reason: `${where}${issue?.message ?? 'invalid'}` };
}

/** Parse JSON text against `schema`; never throws. */
export function parseMessage<T>(schema: z.ZodType<T>, text: string): Parsed<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, reason: `not JSON: ${messageOf(error)}` };
  }
  return check(schema, value);
}
