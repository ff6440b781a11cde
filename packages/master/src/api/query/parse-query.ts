/**
 * The query string of a GET as data (`spec/rest-api-v2.md`, section 2). What cannot be understood is a 400 with
 * Buildbot's own text; columns come from the resource's schema only, so nothing else reaches the store.
 */
import { EVERYTHING, FILTER_OPERATORS, type Filter, type FilterValue, type Query } from '@buildbot/shared';
import { badRequest } from '../http/api-error.ts';
import type { FieldKind, Fields } from './fields.ts';

export interface ParsedQuery {
  query: Query;
  /** Fields to answer with, `null` for all. */
  fields: ReadonlySet<string> | null;
  /** Properties to fill in, `*` for all. */
  properties: string[];
}

/** Operators that make sense with several values. */
const PLURAL_OPERATORS: ReadonlySet<string> = new Set(['eq', 'ne', 'contains', 'in', 'notin']);
const BOOLEANS: Record<string, boolean> = {
  on: true,
  true: true,
  yes: true,
  '1': true,
  off: false,
  false: false,
  no: false,
  '0': false,
};
/** Longest list of values of one parameter: a page of ids, not an attack. */
const MAX_VALUES = 1000;

/** A whole number of at most 15 digits, or `null`: no sign games, no exponent, nothing beyond exact doubles. */
export function wholeNumber(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function integer(text: string): number | null {
  const magnitude = wholeNumber(text.startsWith('-') ? text.slice(1) : text);
  if (magnitude === null) return null;
  return text.startsWith('-') && magnitude !== 0 ? -magnitude : magnitude;
}

function convert(field: string, kind: FieldKind, text: string): FilterValue {
  if (kind === 'nested') throw badRequest(`cannot filter on field '${field}'`);
  if (kind === 'string' || kind === 'strings') return text;
  const value =
    kind === 'boolean'
      ? Object.hasOwn(BOOLEANS, text.toLowerCase())
        ? BOOLEANS[text.toLowerCase()]
        : null
      : integer(text);
  if (value === null || value === undefined) throw badRequest(`invalid filter value for ${field}`);
  return value;
}

/**
 * One filter parameter, or `null` for an operator nobody knows, which Buildbot passes over in silence. A list field
 * is compared by `contains` only, and equality on it means the same.
 */
function parseFilter(name: string, texts: string[], fields: Fields): Filter | null {
  const cut = fields.has(name) ? -1 : name.lastIndexOf('__');
  const field = cut < 0 ? name : name.slice(0, cut);
  const kind = fields.get(field);
  if (kind === undefined) throw badRequest(`unrecognized query parameter '${name}'`);
  if (texts.length > MAX_VALUES) throw badRequest(`more than ${MAX_VALUES} values for ${field}`);
  const asked = cut < 0 ? 'eq' : name.slice(cut + 2);
  const operator = FILTER_OPERATORS.find((known) => known === asked);
  if (operator === undefined || (texts.length > 1 && !PLURAL_OPERATORS.has(operator))) return null;
  const isList = kind === 'strings' || kind === 'integers';
  return {
    field,
    operator: isList && operator === 'eq' ? 'contains' : operator,
    values: texts.map((text) => convert(field, kind, text)),
  };
}

function parsePaging(name: 'limit' | 'offset', texts: string[]): number {
  const value = texts.length === 1 ? wholeNumber(texts[0] ?? '') : null;
  if (value === null) throw badRequest(`invalid ${name}`);
  return value;
}

function known(name: string, fields: Fields): string {
  if (!fields.has(name)) throw badRequest(`no such field '${name}'`);
  return name;
}

function parseOrder(texts: string[], fields: Fields): Query['order'] {
  return texts.map((text) => {
    const descending = text.startsWith('-');
    const field = known(descending ? text.slice(1) : text, fields);
    if (fields.get(field) === 'nested') throw badRequest(`cannot order on field '${field}'`);
    return { field, descending };
  });
}

/** Filters and orders may only look at what was selected. */
function checkSelected({ query, fields }: ParsedQuery): void {
  if (fields === null) return;
  if (query.filters.some(({ field }) => !fields.has(field))) {
    throw badRequest('cannot filter on un-selected fields');
  }
  if (query.order.some(({ field }) => !fields.has(field)))
    throw badRequest('cannot order on un-selected fields');
}

/** Parse the parameters of a request for a resource with these fields. Throws `ApiError` 400, and nothing else. */
export function parseQuery(params: URLSearchParams, fields: Fields): ParsedQuery {
  const parsed: ParsedQuery = { query: { ...EVERYTHING, filters: [] }, fields: null, properties: [] };
  const { query } = parsed;
  for (const name of new Set(params.keys())) {
    const texts = params.getAll(name);
    if (name === 'limit' || name === 'offset') query[name] = parsePaging(name, texts);
    else if (name === 'order') query.order = parseOrder(texts, fields);
    else if (name === 'field') parsed.fields = new Set(texts.map((text) => known(text, fields)));
    else if (name === 'property') parsed.properties = [...new Set(texts)];
    else {
      const filter = parseFilter(name, texts, fields);
      if (filter !== null) query.filters.push(filter);
    }
  }
  checkSelected(parsed);
  return parsed;
}

/** Parse the parameters of a request for one object: a selection of fields, never a filter. */
export function parseSingleQuery(params: URLSearchParams, fields: Fields): ParsedQuery {
  const parsed = parseQuery(params, fields);
  if (parsed.query.filters.length > 0) throw badRequest('this is not a collection');
  return parsed;
}
