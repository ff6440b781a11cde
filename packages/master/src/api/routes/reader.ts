/** Reads any collection of the API: from the store, from memory where no column selects, or from the configuration. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EVERYTHING, type Filter, type ForceSchedulerResource, type Query } from '@buildbot/shared';
import type { ApiDeps } from '../deps.ts';
import { marked } from '../failures/marked.ts';
import { applyQuery, type Row } from '../query/apply-query.ts';
import { isAbsent, isStored, type Plural, type RowOf } from '../resources.ts';
import { FORM_FIELDS } from './form-fields.ts';
import type { Scope } from './relations.ts';

export interface Page<R = Row> {
  rows: R[];
  /** What scope and filters leave, before paging. */
  total: number;
}

/** All rows of a resource that meet the conditions. */
export type ReadAll = <P extends Plural>(plural: P, filters: Filter[]) => Promise<RowOf<P>[]>;

export interface Reader {
  /** `properties`: names to fill in, `*` for all. */
  page<P extends Plural>(
    plural: P,
    scope: Scope,
    query: Query,
    properties?: string[],
  ): Promise<Page<RowOf<P>>>;
  all: ReadAll;
}

/**
 * To say why a request waits takes up to half a millisecond on a farm of 2,000 builders, and a queue of 10,000 may be asked
 * for at once (2026-11-21): meanwhile the master does its other work, too.
 */
const REASONS_AT_ONCE = 50;

type Deps = Pick<ApiDeps, 'store' | 'queue' | 'forceForms'>;

async function forceSchedulers({ store, forceForms }: Deps): Promise<ForceSchedulerResource[]> {
  const { rows } = await store.query('schedulers', EVERYTHING);
  const enabled = new Map(rows.map((row) => [row.name, row.enabled]));
  return forceForms().map(({ name, builders }) => ({
    name,
    label: name,
    button_name: name,
    builder_names: builders,
    enabled: enabled.get(name) ?? true,
    all_fields: [...FORM_FIELDS],
  }));
}

export function createReader(deps: Deps): Reader {
  const { store, queue } = deps;

  /** What no column holds: only the dispatcher knows why a request waits, only other builds whose failure it is. */
  async function explained(plural: Plural, rows: Row[]): Promise<Row[]> {
    if (plural === 'test_results') return await marked(store, rows);
    if (plural !== 'buildrequests') return rows;
    const all: Row[] = [];
    for (const row of rows) {
      if (all.length % REASONS_AT_ONCE === REASONS_AT_ONCE - 1) await nextTurn();
      const reason =
        row.state === 'pending' ? { waiting_reason: queue.waitingReason(row.buildrequestid as number) } : {};
      all.push({ ...row, ...reason });
    }
    return all;
  }

  async function stored(plural: Plural, query: Query, properties: string[]): Promise<Page> {
    if (isAbsent(plural)) return { rows: [], total: 0 };
    if (!isStored(plural)) return applyQuery(await forceSchedulers(deps), query);
    return store.query(plural, query, properties.length > 0 ? { properties } : {});
  }

  async function scoped(
    plural: Plural,
    { filters, keep }: Scope,
    query: Query,
    properties: string[],
  ): Promise<Page> {
    if (keep === null) {
      const found = await stored(plural, { ...query, filters: [...filters, ...query.filters] }, properties);
      return { ...found, rows: await explained(plural, found.rows) };
    }
    const { rows } = await stored(plural, { ...EVERYTHING, filters }, properties);
    return applyQuery((await explained(plural, rows)).filter(keep), query);
  }

  /** Rows of a resource have its type: the store and the converters of `shared` see to that. */
  async function page<P extends Plural>(plural: P, scope: Scope, query: Query, properties: string[] = []) {
    return (await scoped(plural, scope, query, properties)) as Page<RowOf<P>>;
  }

  return {
    page,
    async all(plural, filters) {
      return (await page(plural, { filters, keep: null }, EVERYTHING)).rows;
    },
  };
}
