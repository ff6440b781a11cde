/** POST on the path of an object: read the call, decide whether the caller may, do it, answer as JSON-RPC. */

import { ExternalError, UserError } from '@buildbot/shared';
import type { Context, Handler } from 'hono';
import { knockOf } from '../auth/heads.ts';
import type { People } from '../auth/people.ts';
import { type ApiDeps, type AppEnv, NOBODY } from '../deps.ts';
import { rpcAnswer } from '../http/answer.ts';
import { ApiError } from '../http/api-error.ts';
import { readBody } from '../http/body.ts';
import type { Row } from '../query/apply-query.ts';
import type { Plural } from '../resources.ts';
import type { Reader } from '../routes/reader.ts';
import { walkToRow } from '../routes/walk.ts';
import {
  INTERNAL_ERROR,
  INVALID_PARAMS,
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
import { wishOf } from './wish.ts';

export interface ControlHandler {
  onObject(resource: Plural, template: string): Handler<AppEnv>;
  /** For paths that exist and have no methods. */
  unsupported: Handler<AppEnv>;
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

export interface ControlDeps {
  deps: ApiDeps;
  reader: Reader;
  people: People;
}

export function controlHandler({ deps, reader, people }: ControlDeps): ControlHandler {
  const { control, logger } = deps;

  /** Write down what somebody does, before it is done, or what they were refused. */
  function note(c: Context<AppEnv>, method: string, reason: string | null): Promise<void> {
    const knock = knockOf(c);
    const { user, door } = knock.caller;
    return people.audit.note({
      ...{ what: 'control', verdict: reason === null ? 'allowed' : 'refused', user, door, reason },
      address: people.entrance.addressOf(knock),
      action: `${method} ${c.req.path}`,
    });
  }

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
    const wish = await wishOf(reader, method, row, request.params);
    const decision = permission(caller, wish, people.settings().access);
    if (!decision.allowed) {
      await note(c, request.method, decision.reason);
      throw new RpcFailure(403, INVALID_REQUEST, decision.reason);
    }
    if (row === null) return null;
    await note(c, request.method, null);
    const once = onceOf(resource, row, request);
    return method.run({ control, read: reader.all }, { row, params: request.params, by: caller.user, once });
  }

  function failureOf(error: unknown): RpcFailure {
    if (error instanceof RpcFailure) return error;
    if (error instanceof ApiError) return new RpcFailure(error.status, INVALID_REQUEST, error.message);
    if (error instanceof UserError) return new RpcFailure(400, INVALID_PARAMS, error.message);
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
