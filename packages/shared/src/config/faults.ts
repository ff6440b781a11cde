/**
 * What is wrong with data that a schema refuses, in sentences of our own and with the nearest word for a misspelt one. A
 * message that stands in a schema goes before those here, which only say what the schema library would say.
 */
import type * as z from 'zod';
import { nearest } from '../text/nearest.ts';

/** One thing that is wrong. */
export interface Fault {
  /** Keys and indexes from the top of the data. */
  path: readonly PropertyKey[];
  message: string;
  /** What to do about it, where there is more to say. */
  hint: string | null;
  /** The key at the end of the path is wrong, not its value. */
  isKey: boolean;
}

/** What the schema makes of the data, or all that is wrong with it. */
export function checkData<Schema extends z.ZodType>(
  schema: Schema,
  data: unknown,
): { ok: true; value: z.output<Schema> } | { ok: false; faults: Fault[] } {
  const parsed = schema.safeParse(data, { error: sentenceOf, reportInput: true });
  if (parsed.success) return { ok: true, value: parsed.data };
  const faults = parsed.error.issues.flatMap((issue) => faultsOf(schema, issue));
  return { ok: false, faults: withoutEchoes(faults) };
}

/** "did you mean" for a word that is not among the known ones, else the known ones themselves. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  if (near !== undefined) return `did you mean "${near}"?`;
  return known.length === 0 ? 'there are none' : `known: ${known.join(', ')}`;
}

/** `builders[0].steps[1].timeout`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

/** A fault, and the key that was probably meant by an unknown one. */
interface FoundFault extends Fault {
  meant?: string | undefined;
  isMissing?: boolean;
}

/** A misspelt key is told once, and not a second time as the absence of what was meant. */
function withoutEchoes(faults: readonly FoundFault[]): Fault[] {
  const meant = new Set(faults.map((fault) => fault.meant));
  return faults
    .filter(({ path, isMissing }) => !isMissing || !meant.has(formatPath(path)))
    .map(({ path, message, hint, isKey }) => ({ path, message, hint, isKey }));
}

function faultsOf(schema: z.ZodType, issue: z.core.$ZodIssue): FoundFault[] {
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path);
    return issue.keys.map((key) => {
      const meant = formatPath([...path, nearest(key, known) ?? '']);
      const hint = known.length === 0 ? null : suggestion(key, known);
      return { path: [...path, key], message: 'unknown key', hint, isKey: true, meant };
    });
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map((inner) => ({ path, message: inner.message, hint: null, isKey: true }));
  }
  const member = issue.code === 'invalid_union' ? memberThatFits(issue) : undefined;
  if (member !== undefined)
    return member.flatMap((inner) => faultsOf(schema, { ...inner, path: [...path, ...inner.path] }));
  return [{ path, message, hint: hintOf(issue), isKey: false, isMissing: isMissing(issue) }];
}

/** Of the members of a union the one that was meant: its type is right, and something in it is wrong. */
function memberThatFits({ errors }: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | undefined {
  return errors.find(
    (issues) => !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
  );
}

function isMissing(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_union' && issue.discriminator !== undefined
    ? discriminatorOf(issue) === undefined
    : issue.input === undefined;
}

function hintOf(issue: z.core.$ZodIssue): string | null {
  const [word, known] =
    issue.code === 'invalid_value'
      ? [issue.input, issue.values]
      : issue.code === 'invalid_union'
        ? [discriminatorOf(issue), discriminatorsOf(issue)]
        : [];
  if (typeof word !== 'string' || known === undefined) return null;
  const near = nearest(word, known.map(String));
  return near === undefined ? null : `did you mean "${near}"?`;
}

/** The value that says which member of a union is meant. */
function discriminatorOf(issue: { input?: unknown; discriminator?: string | undefined }): unknown {
  const { input, discriminator } = issue;
  return discriminator === undefined ? undefined : (input as Record<string, unknown> | null)?.[discriminator];
}

/** The values that it may have. */
function discriminatorsOf(issue: object): readonly unknown[] {
  return 'options' in issue && Array.isArray(issue.options) ? issue.options : [];
}

/** What the schema library calls things, as people do. */
const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'keys with values',
  record: 'keys with values',
  null: 'nothing',
};

/** What is wrong, where the schema itself has no words for it. */
function sentenceOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return expected(kindOf(issue.expected), issue.input);
    case 'invalid_value':
      return expected(oneOf(issue.values), issue.input, shown(issue.input));
    case 'invalid_union':
      if (issue.discriminator === undefined) return expected(kindsOf(issue.errors), issue.input);
      return expected(oneOf(discriminatorsOf(issue)), discriminatorOf(issue), shown(discriminatorOf(issue)));
    case 'too_small':
      return tooSmall(issue);
    case 'too_big':
      return tooBig(issue);
    case 'unrecognized_keys':
      return 'unknown key';
    default:
      return 'is not valid';
  }
}

function expected(what: string, input: unknown, found = kindFound(input)): string {
  return input === undefined ? 'is missing' : `expected ${what}, found ${found}`;
}

function tooSmall({ origin, minimum, inclusive }: { origin: string; minimum: unknown; inclusive?: boolean }) {
  if (Number(minimum) === 1 && origin === 'string') return 'must not be empty';
  if (Number(minimum) === 1 && origin === 'array') return 'needs at least one';
  if (origin === 'string') return `must have at least ${minimum} characters`;
  if (origin === 'array') return `needs at least ${minimum}`;
  return inclusive === false ? `must be more than ${minimum}` : `must be at least ${minimum}`;
}

function tooBig({ origin, maximum, inclusive }: { origin: string; maximum: unknown; inclusive?: boolean }) {
  if (origin === 'string') return `must have at most ${maximum} characters`;
  if (origin === 'array') return `takes at most ${maximum}`;
  return inclusive === false ? `must be less than ${maximum}` : `must be at most ${maximum}`;
}

function kindOf(name: string): string {
  return KINDS[name] ?? name;
}

function kindFound(input: unknown): string {
  if (input === null) return 'nothing';
  return kindOf(Array.isArray(input) ? 'array' : typeof input);
}

/** The types of a union of which none fits. */
function kindsOf(members: readonly (readonly z.core.$ZodIssue[])[]): string {
  const kinds = members.flat().map((issue) => (issue.code === 'invalid_type' ? kindOf(issue.expected) : ''));
  return [...new Set(kinds)].filter((kind) => kind !== '').join(' or ');
}

function oneOf(values: readonly unknown[]): string {
  const words = values.map(String);
  return [words.slice(0, -1).join(', '), ...words.slice(-1)].filter((part) => part !== '').join(' or ');
}

/** A word as it was written; of anything else, what it is. */
function shown(input: unknown): string {
  return typeof input === 'string' ? JSON.stringify(input) : kindFound(input);
}

/** The keys that a schema knows at `path`; none where any key may stand. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  // JSON Schema is the one stable view into a schema, whatever wraps its objects.
  let node = schema.toJSONSchema({ io: 'input', unrepresentable: 'any' }) as JsonNode | undefined;
  for (const key of path) {
    node = typeof key === 'number' ? node?.items : node?.properties?.[String(key)];
    const variants = node?.anyOf ?? node?.oneOf;
    if (variants)
      node = {
        items: variants.find(({ items }) => items !== undefined)?.items,
        properties: Object.assign({}, ...variants.map((variant) => variant.properties ?? {})),
      };
  }
  return Object.keys(node?.properties ?? {});
}

interface JsonNode {
  items?: JsonNode | undefined;
  properties?: Record<string, JsonNode>;
  anyOf?: JsonNode[];
  oneOf?: JsonNode[];
}
