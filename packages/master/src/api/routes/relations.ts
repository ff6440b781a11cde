/**
 * Which objects belong to an object named earlier in a path, one entry for each pair that occurs: as conditions on
 * columns where there are such columns, else as a test on the row.
 */
import type { Filter, FilterValue } from '@buildbot/shared';
import type { Row } from '../query/apply-query.ts';
import type { Plural } from '../resources.ts';
import type { ReadAll } from './reader.ts';

/** Part of a collection. `keep`, where given, is the condition that no column can express. */
export interface Scope {
  filters: Filter[];
  keep: ((row: Row) => boolean) | null;
}

type Relation = (parent: Row, read: ReadAll) => Scope | Promise<Scope>;

/** One condition of equality with any of the values. */
export function equals(field: string, ...values: unknown[]): Filter {
  return { field, operator: values.length === 1 ? 'eq' : 'in', values: values as FilterValue[] };
}

function sameId(field: string): Relation {
  return (parent) => ({ filters: [equals(field, parent[field])], keep: null });
}

function keep(test: (row: Row, parent: Row) => boolean): Relation {
  return (parent) => ({ filters: [], keep: (row) => test(row, parent) });
}

/** Whether a list of objects in `row[field]` has one whose `key` is `value`. */
function lists(row: Row, field: string, key: string, value: unknown): boolean {
  return (row[field] as Row[]).some((entry) => entry[key] === value);
}

/** Where nothing belongs: no object has the id 0. */
function idsOr0(ids: readonly number[]): readonly number[] {
  return ids.length > 0 ? ids : [0];
}

/** The store finds a change, and a build set, by the ids of the source stamps nested in them. */
function changesOf(ssids: readonly number[]): Scope {
  return { filters: [equals('sourcestamp', ...idsOr0(ssids))], keep: null };
}

function stampIds(set: Row | undefined): number[] {
  return ((set?.sourcestamps ?? []) as Row[]).map((stamp) => stamp.ssid as number);
}

const changesOfBuild: Relation = async (build, read) => {
  const [request] = await read('buildrequests', [equals('buildrequestid', build.buildrequestid)]);
  const [set] = request ? await read('buildsets', [equals('bsid', request.buildsetid)]) : [];
  return changesOf(stampIds(set));
};

const buildsOfChange: Relation = async (change, read) => {
  const { ssid } = change.sourcestamp as Row;
  const sets = await read('buildsets', [
    { field: 'sourcestamps', operator: 'contains', values: [ssid as number] },
  ]);
  const requests = await read('buildrequests', [
    equals('buildsetid', ...idsOr0(sets.map(({ bsid }) => bsid))),
  ]);
  const ids = requests.map(({ buildrequestid }) => buildrequestid);
  return { filters: [equals('buildrequestid', ...idsOr0(ids))], keep: null };
};

const RELATIONS: Partial<Record<`${Plural}>${Plural}`, Relation>> = {
  'masters>builders': keep((builder, master) => (builder.masterids as unknown[]).includes(master.masterid)),
  'masters>workers': keep((worker, master) => lists(worker, 'configured_on', 'masterid', master.masterid)),
  'masters>schedulers': keep(
    (scheduler, master) => (scheduler.master as Row | null)?.masterid === master.masterid,
  ),
  'builders>masters': keep((master, builder) => (builder.masterids as unknown[]).includes(master.masterid)),
  'builders>workers': keep((worker, builder) =>
    lists(worker, 'configured_on', 'builderid', builder.builderid),
  ),
  'builders>forceschedulers': keep((form, builder) =>
    (form.builder_names as unknown[]).includes(builder.name),
  ),
  'builders>buildrequests': sameId('builderid'),
  'builders>builds': sameId('builderid'),
  'workers>builders': keep((builder, worker) =>
    lists(worker, 'configured_on', 'builderid', builder.builderid),
  ),
  'workers>builds': sameId('workerid'),
  'buildsets>sourcestamps': (set) => ({ filters: [equals('ssid', ...idsOr0(stampIds(set)))], keep: null }),
  'buildsets>buildrequests': (set) => ({ filters: [equals('buildsetid', set.bsid)], keep: null }),
  'buildrequests>builds': sameId('buildrequestid'),
  // Nothing here triggers builds.
  'builds>builds': () => ({ filters: [equals('buildid', 0)], keep: null }),
  'builds>steps': sameId('buildid'),
  'builds>changes': changesOfBuild,
  'sourcestamps>changes': (stamp) => changesOf([stamp.ssid as number]),
  'changes>builds': buildsOfChange,
  'steps>logs': sameId('stepid'),
  'builders>test_result_sets': sameId('builderid'),
  'builds>test_result_sets': sameId('buildid'),
  'steps>test_result_sets': sameId('stepid'),
  'builds>test_results': sameId('buildid'),
  'test_result_sets>test_results': sameId('test_result_setid'),
};

/** How children belong to a parent; `undefined` when no path says that they do. */
export function relationOf(parent: Plural, child: Plural): Relation | undefined {
  return RELATIONS[`${parent}>${child}`];
}
