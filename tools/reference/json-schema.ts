/** `master.yaml` and `worker.yaml` as JSON Schemas, by which an editor completes and checks them while they are written. */
import { masterConfigSchema, workerFileSchema } from '@buildbot/shared';
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
