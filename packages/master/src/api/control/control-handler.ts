/** POST on the path of an object: read the call, decide whether the caller may, do it, answer as JSON-RPC. */

import { ExternalError } from '@buildbot/shared';
import type { Context, Handler } from 'hono';
import { type ApiDeps, type AppEnv, NOBODY } from '../deps.ts';
import { rpcAnswer } from '../http/answer.ts';
import { ApiError } from '../http/api-error.ts';
import { readBody } from '../http/body.ts';
import type { Row } from '../query/apply-query.ts';
import type { Plural } from '../resources.ts';
import type { Reader } from '../routes/reader.ts';
import { equals } from '../routes/relations.ts';
import { walkToRow } from '../routes/walk.ts';
import {
  INTERNAL_ERROR,
  INVALID_REQUEST,
  parseRpc,
  RpcFailure,
  type RpcId,
  type RpcRequest,
  rpcError,
  rpcResult,
  UNKNOWN_METHOD,
} from './json-rpc.ts';
import { type Method, methodOf } from './methods.ts';
import { onceOf } from './once.ts';
import { permission } from './permissions.ts';

export interface ControlHandler {
  onObject(resource: Plural, template: string): Handler<AppEnv>;
  /** For paths that exist and have no methods. */
  unsupported: Handler<AppEnv>;
}

/** Who asked for the build or request in this row; `null` for everything else. */
async function submitterOf(reader: Reader, row: Row | null): Promise<string | null> {
  if (row === null) return null;
  let buildSetId = row.buildsetid;
  if (buildSetId === undefined && row.buildrequestid !== undefined) {
    const [request] = await reader.all('buildrequests', [equals('buildrequestid', row.buildrequestid)]);
    buildSetId = request?.buildsetid;
  }
  if (buildSetId === undefined) return null;
  const [set] = await reader.all('buildsets', [equals('bsid', buildSetId)]);
  return set?.submitter ?? null;
}

function unsupportedMethod(name: string): RpcFailure {
  return new RpcFailure(501, UNKNOWN_METHOD, `action: ${name.slice(0, 100)} is not supported`);
}

/** The object, or `null` when it does not exist and the method is an order that does not mind. */
async function rowFor(find: () => Promise<Row>, method: Method): Promise<Row | null> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404 && method.isOrder) return null;
    throw error;
  }
}

export function controlHandler({ deps, reader }: { deps: ApiDeps; reader: Reader }): ControlHandler {
  const { control, logger } = deps;

  async function call(
    c: Context<AppEnv>,
    request: RpcRequest,
    resource: Plural,
    template: string,
  ): Promise<unknown> {
    const method = methodOf(resource, request.method);
    if (method === undefined) throw unsupportedMethod(request.method);
    const caller = c.env?.caller ?? NOBODY;
    const row = await rowFor(() => walkToRow(reader, template, c.req.param()), method);
    const decision = permission(caller, { verb: method.verb, submitter: await submitterOf(reader, row) });
    if (!decision.allowed) throw new RpcFailure(403, INVALID_REQUEST, decision.reason);
    if (row === null) return null;
    logger.info(
      { by: caller.user, door: caller.door, method: request.method, path: c.req.path },
      'control call',
    );
    const once = onceOf(resource, row, request);
    return method.run({ control, read: reader.all }, { row, params: request.params, by: caller.user, once });
  }

  function failureOf(error: unknown): RpcFailure {
    if (error instanceof RpcFailure) return error;
    if (error instanceof ApiError) return new RpcFailure(error.status, INVALID_REQUEST, error.message);
    logger.error({ err: error }, 'a control call failed');
    if (error instanceof ExternalError) return new RpcFailure(503, INTERNAL_ERROR, error.message);
    return new RpcFailure(500, INTERNAL_ERROR, 'internal error: the log of the master has more');
  }

  async function answer(
    c: Context<AppEnv>,
    run: (request: RpcRequest) => Promise<unknown>,
  ): Promise<Response> {
    let id: RpcId | undefined;
    try {
      const request = parseRpc(c.req.header('content-type'), await readBody(c.req.raw));
      id = request.id;
      return rpcAnswer(200, rpcResult(id, await run(request)));
    } catch (error) {
      const failure = failureOf(error);
      return rpcAnswer(failure.status, rpcError(id, failure));
    }
  }

  return {
    onObject: (resource, template) => (c) => answer(c, (request) => call(c, request, resource, template)),
    unsupported: (c) => answer(c, async (request) => Promise.reject(unsupportedMethod(request.method))),
  };
}
