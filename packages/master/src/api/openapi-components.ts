/**
 * The schemas of the OpenAPI document. They go in as the JSON Schema that zod makes of them: properties may hold any
 * JSON, and that recursion is more than the generator's own conversion can take.
 */
import {
  buildSetSummaryResourceSchema,
  buildSummaryResourceSchema,
  failureDigestResourceSchema,
  propertiesSchema,
  statusResourceSchema,
} from '@buildbot/shared';
import type { OpenAPIHono } from '@hono/zod-openapi';
import * as z from 'zod';
import type { AppEnv } from './deps.ts';
import { OBJECT_EXAMPLES } from './openapi-examples.ts';
import { RESOURCE_TYPES } from './resources.ts';

export type Registry = OpenAPIHono<AppEnv>['openAPIRegistry'];
export type JsonSchema = Record<string, unknown>;

/** `build` is described as `Build`. */
export function componentName(singular: string): string {
  return singular.charAt(0).toUpperCase() + singular.slice(1);
}

export function reference(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

const errorSchema = z.object({ error: z.string() });
const specSchema = z.object({
  path: z.string(),
  type: z.string(),
  plural: z.string(),
  type_spec: z.object({
    type: z.string(),
    fields: z.array(
      z.object({ name: z.string(), type: z.string(), type_spec: z.object({ type: z.string() }) }),
    ),
  }),
});

const rpcId = z.union([z.string(), z.number(), z.null()]);
const rpcResultSchema = z.object({ jsonrpc: z.literal('2.0'), id: rpcId, result: z.json() });
const rpcErrorSchema = z.object({
  jsonrpc: z.literal('2.0'),
  /** Not there when the request could not be read. */
  id: rpcId.optional(),
  error: z.object({
    code: z.number().int(),
    message: z.union([z.string(), z.record(z.string(), z.string())]).meta({
      description: 'A text, or one for each parameter that is wrong.',
    }),
  }),
});

/** Of what stands beside `/api/v2`. More may come in a configuration, as in Buildbot's. */
const DOOR_COMPONENTS: Record<string, z.ZodType> = {
  Health: z.object({ status: z.literal('ok') }),
  Versions: z.object({ api_versions: z.object({ v2: z.string() }) }),
  Config: z.looseObject({
    title: z.string(),
    titleURL: z.string(),
    buildbotURL: z.string(),
    multiMaster: z.boolean(),
    plugins: z.record(z.string(), z.json()),
    versions: z.array(z.tuple([z.string(), z.string()])),
    auth: z.looseObject({ name: z.string() }),
    user: z.looseObject({ anonymous: z.boolean() }),
    user_any_access_allowed: z.boolean(),
  }),
  Tokens: z.object({
    tokens: z.array(z.record(z.string(), z.json())),
    meta: z.object({ total: z.number().int() }),
  }),
};

const COMPONENTS: Record<string, z.ZodType> = {
  ...Object.fromEntries(
    Object.values(RESOURCE_TYPES).map(({ singular, schema }) => [
      componentName(singular),
      schema as z.ZodType,
    ]),
  ),
  Summary: buildSetSummaryResourceSchema,
  Status: statusResourceSchema,
  FailureDigest: failureDigestResourceSchema,
  BuildSummary: buildSummaryResourceSchema,
  Properties: propertiesSchema,
  Property: z.object({ name: z.string(), source: z.string(), value: z.string() }),
  Rootlink: z.object({ name: z.string() }),
  Spec: specSchema,
  Error: errorSchema,
  RpcResult: rpcResultSchema,
  RpcError: rpcErrorSchema,
  ...DOOR_COMPONENTS,
};

/** What zod calls the parts that have no name of their own (any JSON), and where they go. */
const NAMELESS = '__shared#/$defs/';
const NAMELESS_PREFIX = 'Any_';

/** Examples by the name of the component. */
const EXAMPLES: ReadonlyMap<string, unknown> = new Map(
  Object.values(RESOURCE_TYPES).map(({ plural, singular }) => [
    componentName(singular),
    OBJECT_EXAMPLES[plural],
  ]),
);

/** Each schema once; where one holds another, it refers to it. */
export function registerComponents(registry: Registry): void {
  const schemas = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(COMPONENTS))
    if (!schemas.has(schema)) schemas.add(schema, { id });
  const made = z.toJSONSchema(schemas, { uri: (id) => `#/components/schemas/${id}` });
  const { __shared, ...named } = JSON.parse(
    JSON.stringify(made.schemas).replaceAll(NAMELESS, NAMELESS_PREFIX),
  ) as Record<string, JsonSchema>;
  for (const [name, { $schema: _, $id: __, ...schema }] of Object.entries(named)) {
    const example = EXAMPLES.get(name);
    const examples = example === undefined ? {} : { examples: [example] };
    registry.registerComponent('schemas', name, { ...schema, ...examples });
  }
  for (const [name, schema] of Object.entries((__shared?.$defs ?? {}) as Record<string, JsonSchema>)) {
    registry.registerComponent('schemas', `${NAMELESS_PREFIX}${name}`, schema);
  }
}
