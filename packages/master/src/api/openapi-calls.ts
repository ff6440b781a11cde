/** What the OpenAPI document says of control calls. */
import type { RouteConfig } from '@hono/zod-openapi';
import * as z from 'zod';
import { methodNames } from './control/methods.ts';
import { type Registry, reference } from './openapi-components.ts';
import { CALL_EXAMPLES } from './openapi-examples.ts';
import type { Plural } from './resources.ts';
import { PLACEHOLDERS } from './routes/paths.ts';

/** Path parameters of a template, in its order. */
export function pathParams(template: string) {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as keyof typeof PLACEHOLDERS);
  return z.object(
    Object.fromEntries(
      names.map((name) => {
        const lookup = PLACEHOLDERS[name];
        const schema = 'name' in lookup ? z.string() : z.number().int();
        return [name, schema.meta({ description: lookup.description })];
      }),
    ),
  );
}

/** The control calls of one object. */
export function registerCalls(registry: Registry, resource: Plural, template: string): void {
  const body = z.object({
    jsonrpc: z.literal('2.0'),
    id: z.union([z.string(), z.number(), z.null()]),
    method: z.enum(methodNames(resource) as [string, ...string[]]),
    params: z.record(z.string(), z.unknown()),
  });
  registry.registerPath({
    method: 'post',
    path: `/api/v2/${template}`,
    tags: [resource],
    request: {
      params: pathParams(template),
      body: { content: { 'application/json': { schema: body, examples: callExamples(resource) } } },
    },
    responses: {
      200: { description: 'Done.', content: { 'application/json': { schema: reference('RpcResult') } } },
      400: rpcFailure('The request or its parameters.'),
      401: rpcFailure('This token or login does not hold.'),
      403: rpcFailure('Not allowed, with the reason.'),
      404: rpcFailure('No such object.'),
      409: rpcFailure('It stands against what there is.'),
      413: rpcFailure('More than 1 MiB.'),
      501: rpcFailure('No such method.'),
      503: rpcFailure('What the master stands on has failed: try again.'),
    },
  });
}

function rpcFailure(description: string): RouteConfig['responses'][string] {
  return { description, content: { 'application/json': { schema: reference('RpcError') } } };
}

/** One whole call for each method. */
function callExamples(resource: Plural) {
  return Object.fromEntries(
    Object.entries(CALL_EXAMPLES[resource] ?? {}).map(([method, params]) => [
      method,
      { value: { jsonrpc: '2.0', id: 1, method, params } },
    ]),
  );
}
