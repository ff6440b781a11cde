/** Answers in Buildbot's envelope: an array under the plural name beside `meta`, keys sorted (section 1 of the spec). */
import type { Context } from 'hono';
import { inTurns } from '../../in-turns.ts';
import type { AppEnv } from '../deps.ts';
import type { ApiError } from './api-error.ts';
import { canonicalJson, sorted } from './canonical-json.ts';

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';

/** Every answer carries these: nothing here is ever to be taken for a page or a script. */
export const GUARDS = { 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-cache' } as const;

function text(
  body: string,
  status: number,
  type: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const length = String(Buffer.byteLength(body));
  return new Response(body, {
    status,
    headers: { ...headers, ...GUARDS, 'Content-Type': type, 'Content-Length': length },
  });
}

/** Compact JSON for programs that say so, the same indented as plain text for anyone else. */
export function jsonAnswer(c: Context<AppEnv>, value: unknown): Response {
  return sortedAnswer(c, sorted(value));
}

function sortedAnswer(c: Context<AppEnv>, value: unknown): Response {
  const wantsJson = c.req.header('accept')?.includes('application/json') ?? false;
  return wantsJson
    ? text(JSON.stringify(value), 200, JSON_TYPE)
    : text(JSON.stringify(value, null, 2), 200, TEXT);
}

export function envelope(
  c: Context<AppEnv>,
  plural: string,
  rows: readonly unknown[],
  total?: number,
): Response {
  return jsonAnswer(c, { [plural]: rows, meta: total === undefined ? {} : { total } });
}

/** A page of a collection, which may be long. `total` is the number before paging, as far as it was counted. */
export async function pageEnvelope(
  c: Context<AppEnv>,
  plural: string,
  rows: readonly unknown[],
  total: number,
): Promise<Response> {
  const inOrder = await inTurns(rows, sorted);
  const meta = { total };
  return sortedAnswer(c, plural < 'meta' ? { [plural]: inOrder, meta } : { meta, [plural]: inOrder });
}

export function errorAnswer({ status, message, headers }: ApiError): Response {
  return text(canonicalJson({ error: message }), status, TEXT, headers);
}

/** An answer of JSON-RPC, which is JSON whatever the client accepts. */
export function rpcAnswer(
  status: number,
  value: unknown,
  headers?: Readonly<Record<string, string>>,
): Response {
  return text(canonicalJson(value), status, 'application/json', headers);
}
