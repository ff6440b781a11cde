/**
 * What kind of value each field of a resource holds, read off the resource's schema: it decides how the text of a
 * query parameter becomes a value, and what can be filtered and ordered by at all.
 */
import * as z from 'zod';

/** `nested` fields are objects or lists of objects: neither filtered nor ordered by. */
export type FieldKind = 'integer' | 'boolean' | 'string' | 'integers' | 'strings' | 'nested';
export type Fields = ReadonlyMap<string, FieldKind>;

function scalarKind(schema: unknown): FieldKind {
  if (schema instanceof z.ZodNullable) return scalarKind(schema.unwrap());
  if (schema instanceof z.ZodNumber) return 'integer';
  if (schema instanceof z.ZodBoolean) return 'boolean';
  if (schema instanceof z.ZodString || schema instanceof z.ZodEnum || schema instanceof z.ZodNull)
    return 'string';
  if (schema instanceof z.ZodLiteral) return typeof schema.value === 'number' ? 'integer' : 'string';
  if (schema instanceof z.ZodUnion) return scalarKind(schema.options[0]);
  return 'nested';
}

function kindOf(schema: unknown): FieldKind {
  if (!(schema instanceof z.ZodArray)) return scalarKind(schema);
  const element = scalarKind(schema.element);
  return element === 'integer' ? 'integers' : element === 'string' ? 'strings' : 'nested';
}

/** The fields of a resource in the order of its schema. */
export function fieldsOf(schema: z.ZodObject): Fields {
  return new Map(Object.entries(schema.shape).map(([name, field]) => [name, kindOf(field)]));
}
