/**
 * What filters and orders mean (`spec/rest-api-v2.md`, section 2), as plain functions over values. Small collections
 * are answered with these alone; for large ones `sql.ts` says the same in SQL, and a property test holds the two
 * together. Beyond Buildbot's page: null is not equal to any value (`ne` and `notin` keep it), and no `lt le gt ge`
 * holds for it; several values of one of those must all hold.
 */
import {
  type Filter,
  type FilterValue,
  type Query,
  RESOURCES,
  type ResourceName,
  UserError,
} from '@buildbot/shared';

/** How a field can be filtered: `list` fields know only whether they have one of the values. */
export type FieldType = 'int' | 'text' | 'bool' | 'list';

const JS_TYPES: Record<FieldType, readonly string[]> = {
  int: ['number'],
  text: ['string'],
  bool: ['boolean'],
  list: ['number', 'string'],
};

/** The field's description, or the refusal that Buildbot gives for one that is not there. */
export function fieldNamed<F>(fields: Readonly<Record<string, F>>, resource: ResourceName, name: string): F {
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (field !== undefined) return field;
  const isThere = Object.hasOwn(RESOURCES[resource].shape, name);
  throw new UserError(isThere ? `cannot filter or order on '${name}'` : `no such field '${name}'`);
}

/** Refuse values that the field cannot have. */
export function checkValues(type: FieldType, { field, values }: Filter): void {
  const isFitting = (value: FilterValue) => value === null || JS_TYPES[type].includes(typeof value);
  if (!values.every(isFitting)) throw new UserError(`invalid filter value for ${field}`);
}

type Scalar = FilterValue;

/** Whether one value meets a condition. */
export function matchesScalar(
  value: Scalar,
  { operator, values }: Pick<Filter, 'operator' | 'values'>,
): boolean {
  const holdsForAll = (holds: (a: Comparable, b: Comparable) => boolean) =>
    values.every((wanted) => value !== null && wanted !== null && holds(value, wanted));
  switch (operator) {
    case 'eq':
    case 'in':
      return values.includes(value);
    case 'ne':
    case 'notin':
      return !values.includes(value);
    case 'contains':
      return values.some((wanted) =>
        typeof value === 'string' && typeof wanted === 'string' ? value.includes(wanted) : value === wanted,
      );
    case 'lt':
      return holdsForAll((a, b) => a < b);
    case 'le':
      return holdsForAll((a, b) => a <= b);
    case 'gt':
      return holdsForAll((a, b) => a > b);
    case 'ge':
      return holdsForAll((a, b) => a >= b);
  }
}

type Comparable = NonNullable<FilterValue>;

/** Whether a list meets a condition: it has one of the values, or with `ne` and `notin` none. */
function matchesList(list: readonly Scalar[], { operator, values }: Filter): boolean {
  const has = values.some((wanted) => list.includes(wanted));
  if (operator === 'ne' || operator === 'notin') return !has;
  return ['eq', 'in', 'contains'].includes(operator) && has;
}

/** Null first, then by value. */
function compare(a: Scalar, b: Scalar): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}

/** A field of a resource in memory: its type and how to get at it. */
export interface MemoryField<R> {
  type: FieldType;
  value(resource: R): Scalar | readonly Scalar[];
}

/** Filter, order and page resources that are in memory already. `total` counts what the filters leave. */
export function answerInMemory<R>(
  resource: ResourceName,
  fields: Readonly<Record<string, MemoryField<R>>>,
  all: readonly R[],
  query: Query,
): { rows: R[]; total: number } {
  const conditions = query.filters.map((filter) => {
    const field = fieldNamed(fields, resource, filter.field);
    checkValues(field.type, filter);
    return (row: R) => {
      const value = field.value(row);
      return isList(value) ? matchesList(value, filter) : matchesScalar(value, filter);
    };
  });
  const rows = all.filter((row) => conditions.every((holds) => holds(row)));
  const orders = query.order.map(({ field: name, descending }) => {
    const field = fieldNamed(fields, resource, name);
    return (a: R, b: R) =>
      (descending ? -1 : 1) * compare(orderable(field.value(a)), orderable(field.value(b)));
  });
  rows.sort((a, b) => orders.reduce((result, order) => result || order(a, b), 0));
  const end = query.limit === null ? undefined : query.offset + query.limit;
  return { rows: rows.slice(query.offset, end), total: rows.length };
}

function isList(value: Scalar | readonly Scalar[]): value is readonly Scalar[] {
  return Array.isArray(value);
}

/** Lists order by their first element. */
function orderable(value: Scalar | readonly Scalar[]): Scalar {
  return isList(value) ? (value[0] ?? null) : value;
}
