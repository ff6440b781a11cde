/**
 * JSON-RPC 2.0 as Buildbot speaks it (section 6 of the spec): all four keys required, no batches. Text in, request or
 * failure out; failures carry the HTTP status beside the code.
 */
import { FORBIDDEN_NAMES } from '@buildbot/shared';
import * as z from 'zod';

const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;
export const UNKNOWN_METHOD = -32601;
export const INVALID_PARAMS = -32602;
export const INTERNAL_ERROR = -32603;

/** Deepest nesting of a request; a force form with lists of properties needs five. */
const MAX_DEPTH = 32;

const idSchema = z.union([z.string().max(256), z.number(), z.null()]);
export type RpcId = z.infer<typeof idSchema>;

export interface RpcRequest {
  id: RpcId;
  method: string;
  params: Record<string, unknown>;
}

/** Thrown for an answer that is not a result. `message` may be an object: field name to text. */
export class RpcFailure extends Error {
  override readonly name = 'RpcFailure';
  readonly status: number;
  readonly code: number;
  readonly detail: string | Record<string, string>;

  constructor(status: number, code: number, detail: string | Record<string, string>, options?: ErrorOptions) {
    super(typeof detail === 'string' ? detail : 'invalid parameters', options);
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

/** Whether brackets nest deeper than `limit`, seen on the text so that no deep value is ever built. */
export function nestsDeeperThan(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (inString) {
      if (char === '\\') i++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '[' || char === '{') {
      depth++;
      if (depth > limit) return true;
    } else if (char === ']' || char === '}') depth--;
  }
  return false;
}

/** A key that is a name of every object's own is nobody's honest wish, however deep it stands. */
function refuseNames(key: string, value: unknown): unknown {
  if (FORBIDDEN_NAMES.has(key)) throw new RpcFailure(400, INVALID_REQUEST, `the key '${key}' is refused`);
  return value;
}

function parseJson(text: string): unknown {
  if (nestsDeeperThan(text, MAX_DEPTH)) {
    throw new RpcFailure(400, INVALID_REQUEST, `JSON nested deeper than ${MAX_DEPTH} levels`);
  }
  try {
    return JSON.parse(text, refuseNames);
  } catch (cause) {
    if (cause instanceof RpcFailure) throw cause;
    throw new RpcFailure(400, PARSE_ERROR, `JSON parse error: ${(cause as Error).message}`, { cause });
  }
}

function invalid(message: string): RpcFailure {
  return new RpcFailure(400, INVALID_REQUEST, message);
}

/** Parse a request. Throws `RpcFailure`, and nothing else, whatever the text is. */
export function parseRpc(contentType: string | undefined, text: string): RpcRequest {
  if (contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/json') {
    throw invalid('Invalid content-type (use application/json)');
  }
  const value = parseJson(text);
  if (Array.isArray(value)) throw invalid('JSONRPC batch requests are not supported');
  if (value === null || typeof value !== 'object') throw invalid('JSONRPC root object must be an object');
  const body = value as Record<string, unknown>;
  for (const key of ['jsonrpc', 'method', 'id', 'params']) {
    if (!Object.hasOwn(body, key)) throw invalid(`missing key '${key}'`);
  }
  const { jsonrpc, method, params } = body;
  if (jsonrpc !== '2.0') throw invalid("only JSONRPC 2.0 is supported, with 'jsonrpc': '2.0'");
  if (typeof method !== 'string') throw invalid("'method' must be a string");
  const id = idSchema.safeParse(body.id);
  if (!id.success) throw invalid("'id' must be a string, a number or null");
  if (params === null || typeof params !== 'object' || Array.isArray(params)) {
    throw invalid("'params' must be an object");
  }
  return { id: id.data, method, params: params as Record<string, unknown> };
}

export function rpcResult(id: RpcId, result: unknown): object {
  return { jsonrpc: '2.0', id, result };
}

/** `id` is left out when the request could not be read. */
export function rpcError(id: RpcId | undefined, { code, detail }: RpcFailure): object {
  return { jsonrpc: '2.0', ...(id === undefined ? {} : { id }), error: { code, message: detail } };
}
