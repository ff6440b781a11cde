/**
 * The query language over rows in memory: for the few collections that no column can select (workers of a builder)
 * and those that are not in the store. It means the same as the store's own.
 */
import type { Filter, FilterValue, Query } from '@buildbot/shared';

export type Row = Readonly<Record<string, unknown>>;

/** `null` sorts first; numbers and booleans by value, everything else by its text. */
function compare(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  if (typeof a === 'string' || typeof b === 'string') return String(a) < String(b) ? -1 : 1;
  return Number(a) - Number(b);
}

function contains(actual: unknown, values: readonly FilterValue[]): boolean {
  if (Array.isArray(actual)) return values.some((value) => actual.includes(value));
  return typeof actual === 'string' && values.some((value) => actual.includes(String(value)));
}

/** Order comparisons with `null` hold for nothing, as in SQL. */
function ordered(
  actual: unknown,
  value: FilterValue | undefined,
  holds: (order: number) => boolean,
): boolean {
  if (actual === null || actual === undefined || value === null || value === undefined) return false;
  return holds(compare(actual, value));
}

function matches(row: Row, { field, operator, values }: Filter): boolean {
  const actual = row[field];
  switch (operator) {
    case 'eq':
    case 'in':
      return values.some((value) => value === actual);
    case 'ne':
    case 'notin':
      return !values.some((value) => value === actual);
    case 'lt':
      return ordered(actual, values[0], (order) => order < 0);
    case 'le':
      return ordered(actual, values[0], (order) => order <= 0);
    case 'gt':
      return ordered(actual, values[0], (order) => order > 0);
    case 'ge':
      return ordered(actual, values[0], (order) => order >= 0);
    case 'contains':
      return contains(actual, values);
  }
}

function byOrder(order: Query['order']): (a: Row, b: Row) => number {
  return (a, b) => {
    for (const { field, descending } of order) {
      const result = compare(a[field], b[field]);
      if (result !== 0) return descending ? -result : result;
    }
    return 0;
  };
}

/** Filter, then order, then page. `total` counts what the filters leave. */
export function applyQuery(rows: readonly Row[], query: Query): { rows: Row[]; total: number } {
  const left = rows.filter((row) => query.filters.every((filter) => matches(row, filter)));
  const inOrder = query.order.length === 0 ? left : left.toSorted(byOrder(query.order));
  const end = query.limit === null ? undefined : query.offset + query.limit;
  return { rows: inOrder.slice(query.offset, end), total: left.length };
}
