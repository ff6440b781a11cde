/**
 * Calls that make something may be repeated when their answer was lost: the caller gives a key of its own with each wish
 * (`idempotency_key` among the parameters), and the same wish with the same key is met once.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Once } from '../../ports/records.ts';
import { canonicalJson } from '../http/canonical-json.ts';
import type { Row } from '../query/apply-query.ts';
import type { Plural } from '../resources.ts';
import { complaints, formFailure } from './force-params.ts';
import type { RpcRequest } from './json-rpc.ts';

const keySchema = z.object({
  idempotency_key: z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 visible ASCII characters, for example a UUID')
    .nullish(),
});

/** `null` without a key. Throws `RpcFailure` for one that is none. */
export function onceOf(resource: Plural, row: Row, { method, params }: RpcRequest): Once | null {
  const parsed = keySchema.safeParse(params);
  if (!parsed.success) throw formFailure(complaints(parsed.error));
  const { idempotency_key: key } = parsed.data;
  if (key == null) return null;
  const { idempotency_key: _, ...wish } = params;
  const about = [resource, row.name ?? row.buildid ?? null, method, wish];
  return { key, digest: createHash('sha256').update(canonicalJson(about)).digest('hex') };
}
