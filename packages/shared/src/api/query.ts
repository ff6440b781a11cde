/**
 * The query language of `/api/v2` (`spec/rest-api-v2.md`, section 2) as plain data: `field`, `order`, `limit`,
 * `offset`, `property`, and filters `name=v`, `name__op=v`.
 */

export const FILTER_OPERATORS = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'contains', 'in', 'notin'] as const;
export type FilterOperator = (typeof FILTER_OPERATORS)[number];

/** A scalar as a resource's field holds it. */
export type FilterValue = string | number | boolean | null;

/** One condition; `values` has at least one entry. */
export interface Filter {
  field: string;
  operator: FilterOperator;
  values: FilterValue[];
}

/** One collection asked for: conditions and order by the wire names of fields. */
export interface Query {
  filters: Filter[];
  order: { field: string; descending: boolean }[];
  /** `null` for no limit. */
  limit: number | null;
  offset: number;
  /** False when nobody asks how many there are behind the page. */
  counted?: boolean;
}

export const EVERYTHING: Query = { filters: [], order: [], limit: null, offset: 0 };
