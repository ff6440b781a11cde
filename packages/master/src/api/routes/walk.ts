/**
 * From a path to what it names: the nouns are walked from left to right, each object found among those that belong to
 * the one before it. So `builders/linux/builds/5/steps/test` is found in the same way as `steps/17`.
 */
import { EVERYTHING } from '@buildbot/shared';
import { invalidPath, notFound } from '../http/api-error.ts';
import type { Row } from '../query/apply-query.ts';
import { wholeNumber } from '../query/parse-query.ts';
import type { Plural } from '../resources.ts';
import { type Lookup, PLACEHOLDERS } from './paths.ts';
import type { Reader } from './reader.ts';
import { equals, relationOf, type Scope } from './relations.ts';

export type Params = Readonly<Record<string, string>>;

const EVERYWHERE: Scope = { filters: [], keep: null };

/** Where a path says something else than the plural. */
const OTHER_NOUNS: ReadonlyMap<string, Plural> = new Map([
  ['results', 'test_results'],
  ['triggered_builds', 'builds'],
  ['commits_by_revision', 'commits'],
  ['data', 'build_data'],
]);

function resourceOf(noun: string): Plural {
  return OTHER_NOUNS.get(noun) ?? (noun as Plural);
}

/** Nouns of a template with the placeholder that follows each, `null` at the end of a collection. */
function segmentsOf(template: string): { noun: Plural; placeholder: keyof typeof PLACEHOLDERS | null }[] {
  const parts = template.split('/');
  const segments = [];
  for (let i = 0; i < parts.length; i += 2) {
    const placeholder = parts[i + 1]?.slice(1, -1) as keyof typeof PLACEHOLDERS | undefined;
    segments.push({ noun: resourceOf(parts[i] ?? ''), placeholder: placeholder ?? null });
  }
  return segments;
}

/** `null` when this text can name nothing here: not a number where only ids are. */
function lookupFilter({ id, name }: Lookup, text: string) {
  const number = wholeNumber(text);
  if (id !== undefined && number !== null) return equals(id, number);
  return name === undefined ? null : equals(name, text);
}

function narrowed(scope: Scope, placeholder: keyof typeof PLACEHOLDERS, params: Params): Scope {
  const filter = lookupFilter(PLACEHOLDERS[placeholder], params[placeholder] ?? '');
  if (filter === null) throw invalidPath(`${params[placeholder] ?? ''}`);
  return { ...scope, filters: [...scope.filters, filter] };
}

async function scopeBelow(
  reader: Reader,
  parent: { noun: Plural; row: Row } | null,
  child: Plural,
): Promise<Scope> {
  if (parent === null) return EVERYWHERE;
  const relation = relationOf(parent.noun, child);
  return relation === undefined ? EVERYWHERE : await relation(parent.row, reader.all);
}

/** The scope that a template names with these parameters. Throws `ApiError` 404 when an object on the way is missing. */
export async function walk(reader: Reader, template: string, params: Params): Promise<Scope> {
  let parent: { noun: Plural; row: Row } | null = null;
  let scope = EVERYWHERE;
  const segments = segmentsOf(template);
  for (const [index, { noun, placeholder }] of segments.entries()) {
    scope = await scopeBelow(reader, parent, noun);
    if (placeholder === null) return scope;
    scope = narrowed(scope, placeholder, params);
    if (index === segments.length - 1) return scope;
    const { rows } = await reader.page(noun, scope, { ...EVERYTHING, limit: 1 });
    const [row] = rows;
    if (row === undefined) throw notFound(template, params);
    parent = { noun, row };
  }
  return scope;
}

/** The one object that a template of a single resource names. Throws `ApiError` 404 when there is none. */
export async function walkToRow(
  reader: Reader,
  template: string,
  params: Params,
  properties: string[] = [],
): Promise<Row> {
  const noun = segmentsOf(template).at(-1)?.noun as Plural;
  const { rows } = await reader.page(
    noun,
    await walk(reader, template, params),
    { ...EVERYTHING, limit: 1 },
    properties,
  );
  const [row] = rows;
  if (row === undefined) throw notFound(template, params);
  return row;
}
