/**
 * Filters, orders and paging as SQL, with the meaning that `matching.ts` gives them. Nothing of a query's text ever
 * reaches a statement: names are looked up in a table of fields, values are parameters.
 */
import { type Filter, type FilterValue, type Query, type ResourceName, UserError } from '@buildbot/shared';
import {
  type Expression,
  type Kysely,
  type RawBuilder,
  type SelectQueryBuilder,
  type SqlBool,
  sql,
} from 'kysely';
import type { Tables } from '../tables.ts';
import { checkValues, fieldNamed, matchesScalar } from './matching.ts';
import { leavesFew } from './served.ts';

/** A field of a resource in the database. */
export type SqlField =
  | {
      type: 'int' | 'text';
      value: RawBuilder<unknown>;
      order: RawBuilder<unknown>;
      /** Values that may stand in a statement as they are. */
      words?: ReadonlySet<string>;
    }
  | { type: 'bool'; isTrue: RawBuilder<SqlBool>; isFalse: RawBuilder<SqlBool> }
  | { type: 'list'; has: (value: FilterValue) => RawBuilder<SqlBool> };

export type SqlFields = Readonly<Record<string, SqlField>>;

export function int(column: string): SqlField {
  return { type: 'int', value: sql.ref(column), order: sql.ref(column) };
}

export function text(column: string): SqlField {
  return { type: 'text', value: sql.ref(column), order: sql.ref(column) };
}

/**
 * A word out of a few. Known ones stand in the statement as they are: a parameter would hide from the planner that a
 * small partial index will do.
 */
export function oneOf(column: string, words: readonly string[]): SqlField {
  return { type: 'text', value: sql.ref(column), order: sql.ref(column), words: new Set(words) };
}

/** Whole seconds on the wire, milliseconds in the column, which orders them just as well and has the indexes. */
export function seconds(column: string): SqlField {
  return { type: 'int', value: sql`${sql.ref(column)} / 1000`, order: sql.ref(column) };
}

/** A number computed by `value`. */
export function computed(value: RawBuilder<unknown>): SqlField {
  return { type: 'int', value, order: value };
}

/** A field that is the same for all rows. */
export function constant(type: 'int' | 'text', value: number | string | null): SqlField {
  return { type, value: sql.lit(value), order: sql.lit(null) };
}

export function bool(isTrue: RawBuilder<SqlBool>, isFalse: RawBuilder<SqlBool>): SqlField {
  return { type: 'bool', isTrue, isFalse };
}

/** Truth kept as 0 or 1. */
export function flagged(column: string): SqlField {
  return bool(sql`${sql.ref(column)} = 1`, sql`${sql.ref(column)} = 0`);
}

/** True when the column has a value. Spelt so that partial indexes over `is null` are seen. */
export function isSet(column: string): SqlField {
  return bool(sql`${sql.ref(column)} is not null`, sql`${sql.ref(column)} is null`);
}

const TRUE = sql<SqlBool>`1 = 1`;
const FALSE = sql<SqlBool>`1 = 0`;
const COMPARISONS = { lt: sql`<`, le: sql`<=`, gt: sql`>`, ge: sql`>=` } as const;

/** One filter as a condition. */
function conditionOf(fields: SqlFields, resource: ResourceName, filter: Filter): Expression<SqlBool> {
  const field = fieldNamed(fields, resource, filter.field);
  checkValues(field.type, filter);
  if (field.type === 'bool') return boolCondition(field, filter);
  if (field.type === 'list') return listCondition(field, filter);
  return scalarCondition(field, filter);
}

function boolCondition(field: SqlField & { type: 'bool' }, filter: Filter): RawBuilder<SqlBool> {
  const takesTrue = matchesScalar(true, filter);
  const takesFalse = matchesScalar(false, filter);
  if (takesTrue && takesFalse) return TRUE;
  if (takesTrue) return field.isTrue;
  return takesFalse ? field.isFalse : FALSE;
}

function listCondition(
  field: SqlField & { type: 'list' },
  { operator, values }: Filter,
): RawBuilder<SqlBool> {
  const has = anyOf(values.map((value) => field.has(value)));
  if (operator === 'ne' || operator === 'notin') return sql`not (${has})`;
  return ['eq', 'in', 'contains'].includes(operator) ? has : FALSE;
}

function scalarCondition(
  { type, value, words }: SqlField & { type: 'int' | 'text' },
  filter: Filter,
): RawBuilder<SqlBool> {
  const { operator, values } = filter;
  const known = values.filter((wanted) => wanted !== null);
  const withNull = known.length < values.length;
  const given = known.map((wanted) => (words?.has(String(wanted)) ? sql.lit(wanted) : sql.val(wanted)));
  const isOneOf = given.length === 0 ? FALSE : isIn(value, given);
  switch (operator) {
    case 'eq':
    case 'in':
      return withNull ? sql`(${isOneOf} or ${value} is null)` : isOneOf;
    case 'ne':
    case 'notin':
      if (withNull) return sql`(not (${isOneOf}) and ${value} is not null)`;
      return sql`(not (${isOneOf}) or ${value} is null)`;
    case 'contains':
      if (type === 'int') return withNull ? sql`(${isOneOf} or ${value} is null)` : isOneOf;
      return anyOf(values.map((wanted) => containsText(value, wanted)));
    default:
      return allOf(
        values.map((wanted) => (wanted === null ? FALSE : sql`${value} ${COMPARISONS[operator]} ${wanted}`)),
      );
  }
}

function isIn(value: RawBuilder<unknown>, given: readonly RawBuilder<unknown>[]): RawBuilder<SqlBool> {
  return given.length === 1 ? sql`${value} = ${given[0]}` : sql`${value} in (${sql.join(given)})`;
}

/**
 * Substring, by upper and lower case, in words that all engines know alike: `like` disregards case in one of them,
 * and each has its own name for the position of a substring.
 */
export function containsText(value: RawBuilder<unknown>, wanted: FilterValue): RawBuilder<SqlBool> {
  if (wanted === null) return sql`${value} is null`;
  if (wanted === '') return sql`${value} is not null`;
  return sql`replace(${value}, ${wanted}, '') <> ${value}`;
}

function anyOf(conditions: RawBuilder<SqlBool>[]): RawBuilder<SqlBool> {
  return conditions.length === 0 ? FALSE : sql`(${sql.join(conditions, sql` or `)})`;
}

function allOf(conditions: RawBuilder<SqlBool>[]): RawBuilder<SqlBool> {
  return conditions.length === 0 ? TRUE : sql`(${sql.join(conditions, sql` and `)})`;
}

export interface PageInput<TB extends keyof Tables, O> {
  db: Kysely<Tables>;
  resource: ResourceName;
  fields: SqlFields;
  /** All rows of the resource, whole. */
  from: SelectQueryBuilder<Tables, TB, O>;
  /** Column of the id: the last word in every order, so that pages neither repeat nor miss a row. */
  id: string;
  query: Query;
}

/** Rows counted behind a page, unless the filters leave few: to count a million takes longer than to show twenty. */
const COUNTED = 10_000;

/** Rows of one page, and how many the filters leave in all; of more than `COUNTED` behind the page, `COUNTED` of them. */
export async function page<TB extends keyof Tables, O>(
  input: PageInput<TB, O>,
): Promise<{ rows: O[]; total: number }> {
  const { query } = input;
  let filtered = input.from;
  for (const filter of query.filters)
    filtered = filtered.where(conditionOf(input.fields, input.resource, filter));
  const rows = await paged(ordered(filtered, input), query).execute();
  const end = query.offset + rows.length;
  const isEnd = query.limit === null || rows.length < query.limit;
  if (isEnd && (rows.length > 0 || query.offset === 0)) return { rows, total: end };
  if (query.counted === false) return { rows, total: end };
  const all = filtered.clearSelect().select(sql.ref<number>(input.id).as('id'));
  const some = leavesFew(input.resource, query) ? all : all.limit(end + COUNTED);
  const counted = sql<{ total: number }>`select count(*) as total from (${some})`;
  const [count] = (await counted.execute(input.db)).rows;
  return { rows, total: Number(count?.total) };
}

function ordered<TB extends keyof Tables, O>(
  rows: SelectQueryBuilder<Tables, TB, O>,
  { query, fields, resource, id }: PageInput<TB, O>,
): SelectQueryBuilder<Tables, TB, O> {
  let result = rows;
  for (const { field: name, descending } of query.order) {
    const expression = orderExpression(fieldNamed(fields, resource, name), name);
    result = result.orderBy(expression, (order) =>
      descending ? order.desc().nullsLast() : order.asc().nullsFirst(),
    );
  }
  // Few rows are sorted soon: the `+` keeps the planner from walking a long index for the sake of its order.
  return result.orderBy(leavesFew(resource, query) ? sql`+${sql.ref(id)}` : sql.ref(id));
}

function orderExpression(field: SqlField, name: string): RawBuilder<unknown> {
  if (field.type === 'list') throw new UserError(`cannot order on '${name}'`);
  return field.type === 'bool' ? sql`case when ${field.isTrue} then 1 else 0 end` : field.order;
}

function paged<TB extends keyof Tables, O>(
  rows: SelectQueryBuilder<Tables, TB, O>,
  { limit, offset }: Query,
): SelectQueryBuilder<Tables, TB, O> {
  if (limit === null && offset === 0) return rows;
  // SQLite has no offset without a limit.
  return rows.limit(limit ?? Number.MAX_SAFE_INTEGER).offset(offset);
}
