/**
 * Which queries an index answers at once, however long the history is. They run where the master does everything else;
 * all others, which may look at a million rows, in a thread of their own (`docs/decisions/0009-slow-reads.md`). What
 * is said here of indexes, `sqlite/plans.test.ts` holds against the planner.
 */
import type { Filter, Query, ResourceName } from '@buildbot/shared';
import type { Tables } from '../tables.ts';

/** Fields compared for equality (`complete=false` for one value alone), then the orders in which an index has them. */
export interface ServedPage {
  equal: readonly string[];
  orders: readonly string[];
}

export interface Served {
  /** Table and column of the ids. */
  table: keyof Tables;
  id: string;
  /** Fields whose values together leave few rows: an object's children, or what is under way. */
  few: readonly (readonly string[])[];
  /** Rows that an index has in order, so that a page costs what it shows. The first order is that of the ids. */
  pages: readonly ServedPage[];
}

/** Collections that grow with every build. */
export const SERVED: Readonly<Partial<Record<ResourceName, Served>>> = {
  builds: {
    table: 'builds',
    id: 'buildId',
    few: [['buildid'], ['buildrequestid'], ['builderid', 'number'], ['complete=false']],
    pages: [
      { equal: [], orders: ['buildid', 'started_at'] },
      { equal: ['complete=true'], orders: ['buildid', 'started_at'] },
      { equal: ['builderid'], orders: ['buildid', 'number', 'started_at'] },
      { equal: ['builderid', 'complete=true'], orders: ['buildid', 'number'] },
      { equal: ['workerid'], orders: ['buildid'] },
      { equal: ['results'], orders: ['buildid'] },
      { equal: ['builderid', 'results'], orders: ['buildid'] },
    ],
  },
  buildrequests: {
    table: 'buildRequests',
    id: 'requestId',
    few: [
      ['buildrequestid'],
      ['buildsetid'],
      ['claimed=false'],
      ['complete=false'],
      ['state=pending'],
      ['state=shelved'],
    ],
    pages: [
      { equal: [], orders: ['buildrequestid', 'submitted_at'] },
      { equal: ['builderid'], orders: ['buildrequestid'] },
    ],
  },
  buildsets: {
    table: 'buildSets',
    id: 'buildSetId',
    few: [['bsid'], ['external_idstring'], ['rebuilt_buildid'], ['sourcestamps'], ['complete=false']],
    pages: [{ equal: [], orders: ['bsid', 'submitted_at'] }],
  },
  changes: {
    table: 'changes',
    id: 'changeId',
    few: [['changeid'], ['sourcestamp'], ['revision']],
    pages: [{ equal: [], orders: ['changeid'] }],
  },
  sourcestamps: {
    table: 'sourceStamps',
    id: 'sourceStampId',
    few: [['ssid'], ['revision']],
    pages: [{ equal: [], orders: ['ssid'] }],
  },
  steps: {
    table: 'steps',
    id: 'stepId',
    few: [['stepid'], ['buildid']],
    pages: [{ equal: [], orders: ['stepid'] }],
  },
  logs: {
    table: 'logs',
    id: 'logId',
    few: [['logid'], ['stepid']],
    pages: [{ equal: [], orders: ['logid'] }],
  },
  test_result_sets: {
    table: 'testResultSets',
    id: 'testResultSetId',
    few: [['test_result_setid'], ['buildid'], ['stepid']],
    pages: [
      { equal: [], orders: ['test_result_setid'] },
      { equal: ['builderid'], orders: ['test_result_setid'] },
    ],
  },
  test_results: {
    table: 'testResults',
    id: 'testResultId',
    few: [['test_resultid'], ['test_result_setid'], ['buildid']],
    pages: [{ equal: [], orders: ['test_resultid'] }],
  },
};

/** Rows that may be looked at where everything else runs. */
export const SMALL = 2000;
/** Rows from the first to the end of a page that are read at once. */
const PAGE_END = 1000;
/** Values of one field that are looked up at once. */
const MOST_VALUES = 500;

/** What a filter for equality with one value is called above; nothing for any other filter. */
function nameOf({ field, operator, values }: Filter): string[] {
  const isEqual = operator === 'eq' || operator === 'in' || operator === 'contains';
  if (!isEqual || values.length !== 1 || values[0] === null) return [];
  return [field, `${field}=${values[0]}`];
}

/** A list of ids leaves as few rows for each as one id does. */
function lookedUp({ field, operator, values }: Filter): string[] {
  const isList = (operator === 'eq' || operator === 'in') && values.length <= MOST_VALUES;
  return isList ? [field] : [];
}

/** Whether the filters leave few rows by their nature, so that all of them may be read and counted. */
export function leavesFew(resource: ResourceName, { filters }: Query): boolean {
  const found = new Set(filters.flatMap((filter) => [...nameOf(filter), ...lookedUp(filter)]));
  const few = SERVED[resource]?.few ?? [];
  return few.some((fields) => fields.every((field) => found.has(field)));
}

/** Whether an index leads to just the rows of this answer, or to little more. */
export function isServed(resource: ResourceName, query: Query): boolean {
  const served = SERVED[resource];
  if (served === undefined || leavesFew(resource, query)) return true;
  const { filters, order, limit, offset } = query;
  if (limit === null || limit + offset > PAGE_END || order.length > 1) return false;
  const names = filters.map(nameOf);
  return served.pages.some(({ equal, orders }) => {
    const isFiltered = equal.every((name) => names.some((own) => own.includes(name)));
    const ordered = order[0]?.field ?? orders[0] ?? '';
    return isFiltered && equal.length === filters.length && orders.includes(ordered);
  });
}
