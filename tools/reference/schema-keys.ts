/** From a zod object to its keys in words: what may stand there, what counts when nothing does, what it means. */
import { formatDuration } from '@buildbot/shared';
import * as z from 'zod';

/** One key of a file; keys of objects within are written with a dot. All texts are Markdown. */
export interface Key {
  path: string;
  value: string;
  fallback: string;
  /** `''` when the schema does not say. */
  meaning: string;
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** A default that only the words tell, because the program decides it. */
const SAID_DEFAULT = /(?:^| )Default: ([^.]*)\.$/;

const DURATION = 'A duration such as ';

/** Keys in the order of the schema. */
export function keysOf(schema: z.ZodObject, prefix = ''): Key[] {
  return Object.entries(schema.shape).flatMap(([name, field]) => keysOfField(`${prefix}${name}`, field));
}

function keysOfField(path: string, field: z.core.$ZodType): Key[] {
  const { inner, fallback, isOptional } = unwrap(field);
  const meaning = describe(field);
  const isGroup = inner instanceof z.ZodObject;
  if (isGroup && fallback !== undefined && Object.keys(fallback as object).length === 0)
    return keysOf(inner, `${path}.`);
  const json = z.toJSONSchema(inner, { io: 'input', unrepresentable: 'any' });
  const own: Key = {
    path,
    value: isGroup ? 'keys' : valueText(json),
    fallback:
      fallback === undefined ? (isOptional ? '–' : '**needed**') : fallbackText(fallback, isDuration(json)),
    meaning: meaning.replace(SAID_DEFAULT, ''),
  };
  const said = SAID_DEFAULT.exec(meaning)?.[1];
  if (said !== undefined && fallback === undefined) own.fallback = said;
  return isGroup ? [own, ...keysOf(inner, `${path}.`)] : [own];
}

interface Unwrapped {
  inner: z.core.$ZodType;
  /** `undefined`: none. */
  fallback: unknown;
  isOptional: boolean;
}

function unwrap(field: z.core.$ZodType): Unwrapped {
  if (field instanceof z.ZodOptional) return { ...unwrap(field.unwrap()), isOptional: true };
  if (field instanceof z.ZodDefault || field instanceof z.ZodPrefault)
    return { ...unwrap(field.unwrap()), fallback: field.def.defaultValue };
  // What follows a transformation is what the program sees; the file holds what goes in.
  if (field instanceof z.ZodPipe) return unwrap(field.in);
  return { inner: field, fallback: undefined, isOptional: false };
}

/** The outermost description: what a schema in common says of itself (`A duration such as …`) is no meaning of a key. */
function describe(field: z.core.$ZodType): string {
  const said = z.globalRegistry.get(field)?.description;
  if (said !== undefined) return said.startsWith(DURATION) ? '' : said;
  if (field instanceof z.ZodOptional || field instanceof z.ZodDefault || field instanceof z.ZodPrefault)
    return describe(field.unwrap());
  return field instanceof z.ZodPipe ? describe(field.in) : '';
}

function isDuration(json: JsonSchema): boolean {
  if (json.anyOf === undefined) return false;
  const kinds = json.anyOf.map((part) => (typeof part === 'object' ? part.type : undefined));
  if (kinds.join() === 'string,number') return true;
  return kinds.length === 2 && kinds[1] === 'null' && isDuration(json.anyOf[0] as JsonSchema);
}

function fallbackText(value: unknown, asDuration: boolean): string {
  if (asDuration && typeof value === 'number') return `\`${plainDuration(value)}\``;
  if (value === null) return '`null`';
  if (Array.isArray(value) && value.length === 0) return 'none';
  if (typeof value === 'object' && Object.keys(value).length === 0) return 'none';
  if (value === '') return 'the empty one';
  return `\`${typeof value === 'string' ? value : yamlFlow(value)}\``;
}

/** `10m`, not `10m00s`: as a person would write it. */
function plainDuration(ms: number): string {
  return formatDuration(ms).replace(/(?<=[dhm])00[hms]$/, '');
}

function yamlFlow(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const pairs = Object.entries(value).map(
    ([key, item]) => `${key}: ${key === 'delay' ? plainDuration(item) : String(item)}`,
  );
  return `{ ${pairs.join(', ')} }`;
}

function valueText(json: JsonSchema): string {
  if (json.const !== undefined) return `\`${String(json.const)}\``;
  if (json.enum !== undefined) return json.enum.map((word) => `\`${String(word)}\``).join(', ');
  if (isDuration(json)) return durationText(json);
  if (json.anyOf !== undefined) return json.anyOf.map((part) => valueText(part as JsonSchema)).join(', or ');
  switch (json.type) {
    case 'array':
      return `list of ${plural(valueText(json.items as JsonSchema))}`;
    case 'object':
      return objectText(json);
    case 'integer':
      return 'whole number';
    case 'boolean':
      return '`true`, `false`';
    case 'string':
      return stringText(json);
    default:
      return String(json.type ?? 'anything');
  }
}

function durationText(json: JsonSchema): string {
  const canBeNull = json.anyOf?.some((part) => typeof part === 'object' && part.type === 'null') === true;
  return canBeNull ? 'duration, `null`' : 'duration';
}

function stringText({ pattern, maxLength }: JsonSchema): string {
  if (pattern?.includes('\\d{1,5}')) return 'host:port';
  return maxLength === 70 ? 'name' : 'text';
}

function objectText({ properties, additionalProperties }: JsonSchema): string {
  if (properties === undefined) {
    const values = additionalProperties as JsonSchema | undefined;
    return Array.isArray(values?.type) || values?.type === 'string' ? 'map of texts' : 'map';
  }
  if ('type' in properties) return 'step';
  const keys = Object.entries(properties).map(([key, value]) => `${key}: ${valueText(value as JsonSchema)}`);
  return `{ ${keys.join(', ')} }`;
}

function plural(noun: string): string {
  return noun === 'anything' ? noun : `${noun}s`;
}
