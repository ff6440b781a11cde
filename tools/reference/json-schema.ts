/**
 * JSON Schemas: `master.yaml` and `worker.yaml`, by which an editor completes and checks them while they are written, and
 * the JSON that `buildbot` prints.
 */
import {
  factEventSchema,
  masterConfigSchema,
  OUTPUT_SCHEMAS,
  rangeSchema,
  resultsSchema,
  workerFileSchema,
} from '@buildbot/shared';
import * as z from 'zod';
import { stepSchemas } from '../../packages/master/src/builds/steps/registry.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** What may be written: what has a default may be left out. */
function written(schema: z.core.$ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}

/** The model leaves steps open; here each type brings its own options. */
function withSteps(master: JsonSchema): JsonSchema {
  const steps = [...stepSchemas().values()].map((schema) => {
    const { $schema: _, ...step } = written(schema);
    return step;
  });
  const list = at(at(master, 'builders').items, 'steps');
  list.items = { anyOf: steps };
  return master;
}

/** The schema of a key. */
function at(schema: unknown, key: string): JsonSchema {
  return (schema as { properties: Record<string, JsonSchema> }).properties[key] ?? {};
}

export function masterJsonSchema(): JsonSchema {
  return { title: 'master.yaml', ...withSteps(written(masterConfigSchema)) };
}

export function workerJsonSchema(): JsonSchema {
  return { title: 'worker.yaml', ...written(workerFileSchema) };
}

/** One schema for whatever is printed: its `schema` field says which part of it holds. */
export function outputJsonSchema(): JsonSchema {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of [...OUTPUT_SCHEMAS, ...OUTPUT_PARTS]) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: pointerTo, override: plain });
  return {
    title: 'JSON on standard output of buildbot',
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    oneOf: [...OUTPUT_SCHEMAS.keys()].map((id) => ({ $ref: pointerTo(id) })),
    $defs: Object.fromEntries(Object.entries(schemas).map(([id, made]) => [id, withoutHead(made)])),
  };
}

/** What the printed objects have in common. */
const OUTPUT_PARTS: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ['fact', factEventSchema],
  ['results', resultsSchema],
  ['range', rangeSchema],
]);

function pointerTo(id: string): string {
  return `#/$defs/${id.replaceAll('/', '~1')}`;
}

/** That we do not change our own lists, and that numbers are those of JavaScript, concerns nobody outside. */
function plain({ jsonSchema }: { jsonSchema: JsonSchema }): void {
  delete jsonSchema.readOnly;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

function withoutHead({ $schema: _, $id: __, ...schema }: JsonSchema): JsonSchema {
  return schema;
}
