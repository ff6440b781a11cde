/** Filters, orders and pages; the plain in-memory meaning is the measure for what the database answers. */
import {
  EVERYTHING,
  FILTER_OPERATORS,
  type Filter,
  type FilterValue,
  type Query,
  type ResourceName,
} from '@buildbot/shared';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerInMemory, type FieldType, type MemoryField } from '../query/matching.ts';
import { type MakePlace, STAMP, World } from './world.contract.ts';

type Row = Record<string, unknown>;

/** Fields that are compared, with values that occur and some that do not. */
const FIELDS: { [N in ResourceName]?: Record<string, [FieldType, FilterValue[]]> } = {
  builds: {
    buildid: ['int', [1, 2, 3, 99]],
    number: ['int', [1, 2]],
    builderid: ['int', [1, 2]],
    workerid: ['int', [1, 2]],
    started_at: ['int', [1_800_000_000, 1_800_000_001]],
    complete: ['bool', [true, false]],
    complete_at: ['int', [1_800_000_000, 1_800_000_002, null]],
    results: ['int', [0, 2, 6, null]],
    state_string: ['text', ['starting', 'done', 'on', 'O', '', '%']],
    stopped_by: ['text', ['alice', null]],
    infrastructure: ['bool', [true, false]],
  },
  buildrequests: {
    buildrequestid: ['int', [1, 4]],
    priority: ['int', [-1, 0, 5]],
    claimed: ['bool', [true, false]],
    claimed_by_masterid: ['int', [1, null]],
    complete: ['bool', [true, false]],
    results: ['int', [-1, 0, 2]],
    waited_for: ['bool', [true, false]],
    submitted_at: ['int', [1_800_000_000, 1_800_000_001]],
    state: ['text', ['pending', 'complete', 'odd', 'l', null]],
    failures: ['int', [0, 1]],
    not_before: ['int', [1_800_000_060, null]],
  },
  buildsets: {
    bsid: ['int', [1, 3]],
    external_idstring: ['text', ['job-1', null]],
    reason: ['text', ['because', "it's", '_', 'B']],
    complete: ['bool', [true, false]],
    rebuilt_buildid: ['int', [1, null]],
    parent_buildid: ['int', [1, null]],
  },
  steps: {
    number: ['int', [0, 1]],
    name: ['text', ['compile', 'test', 'e']],
    hidden: ['bool', [true, false]],
    complete: ['bool', [true, false]],
    results: ['int', [0, null]],
  },
  logs: {
    name: ['text', ['stdio', 'd']],
    complete: ['bool', [true, false]],
    num_bytes: ['int', [0, 4]],
    type: ['text', ['s', 't']],
  },
  sourcestamps: {
    branch: ['text', ['main', 'Main', null]],
    revision: ['text', ['a', null]],
  },
};

function memoryFields(resource: ResourceName): Record<string, MemoryField<Row>> {
  const entries = Object.entries(FIELDS[resource] ?? {});
  return Object.fromEntries(
    entries.map(([name, [type]]) => [name, { type, value: (row: Row) => row[name] as FilterValue }]),
  );
}

/** Any query over the fields of a resource. */
function queryOf(resource: ResourceName): fc.Arbitrary<Query> {
  const fields = Object.entries(FIELDS[resource] ?? {});
  const filter: fc.Arbitrary<Filter> = fc.constantFrom(...fields).chain(([field, [, values]]) =>
    fc.record({
      field: fc.constant(field),
      operator: fc.constantFrom(...FILTER_OPERATORS),
      values: fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }),
    }),
  );
  const order = fc.record({
    field: fc.constantFrom(...fields.map(([name]) => name)),
    descending: fc.boolean(),
  });
  return fc.record({
    filters: fc.array(filter, { maxLength: 2 }),
    order: fc.array(order, { maxLength: 2 }),
    limit: fc.option(fc.nat(4)),
    offset: fc.nat(3),
  });
}

/** A little history in which every field has several values; in whole seconds, below which only the database sees. */
async function history(world: World): Promise<void> {
  const { store, linux, mac, w1, w2, clock } = world;
  const sets = [
    world.buildSet({ externalId: 'job-1', builderIds: [linux, mac], priority: 5 }),
    world.buildSet({ reason: "it's 100%_B", sourceStamps: [{ ...STAMP, branch: null, revision: null }] }),
    world.buildSet({
      priority: -1,
      sourceStamps: [
        { ...STAMP, branch: 'Main' },
        { ...STAMP, codebase: 'lib' },
      ],
    }),
    world.buildSet({ rebuiltBuildId: 1 }),
  ];
  const requests = [];
  for (const set of sets) {
    requests.push(...(await store.addBuildSet(set)).requests);
    clock.advance(1000);
  }
  for (const [i, { requestId }] of requests.slice(0, 4).entries()) {
    const claimed = await world.claim(requestId, i % 2 === 0 ? w1 : w2);
    const buildId = claimed?.build.buildId as number;
    for (const [number, name] of ['compile', 'test'].entries()) {
      const step = await store.startStep({ buildId, number, name, stateString: name });
      const stepId = step?.stepId as number;
      const log = await store.addLog({
        stepId,
        name: number === 0 ? 'stdio' : 'data',
        type: number === 0 ? 's' : 't',
      });
      if (i < 2) await store.appendLog(log?.logId as number, 'o', Buffer.from('abc\n'));
      if (i !== 1) await store.finishStep({ stepId, results: 0, stateString: '', hidden: number === 1 });
    }
    clock.advance(1000);
    if (i === 1) await store.orderStop(buildId, { by: 'alice', reason: 'x', at: 1 });
    if (i !== 3) await world.finish(buildId, ([0, 6, 2] as const)[i as 0 | 1 | 2]);
  }
}

export function queryContract(makePlace: MakePlace): void {
  describe('query', () => {
    test('answers every query as the plain meaning of filters does', async () => {
      const world = await World.make(makePlace);
      await history(world);
      for (const resource of Object.keys(FIELDS) as ResourceName[]) {
        const all = (await world.store.query(resource, EVERYTHING)).rows as Row[];
        expect(all.length).toBeGreaterThan(2);
        await fc.assert(
          fc.asyncProperty(queryOf(resource), async (query) => {
            const expected = answerInMemory(resource, memoryFields(resource), all, query);
            expect(await world.store.query(resource, query)).toEqual(expected);
          }),
          { numRuns: 150 },
        );
      }
    });

    test('names a field that is not there, or not to be filtered by', async () => {
      const { store } = await World.make(makePlace);
      const by = (field: string): Query => ({
        ...EVERYTHING,
        filters: [{ field, operator: 'eq', values: [1] }],
      });
      const resources: ResourceName[] = ['builds', 'workers', 'changes'];
      for (const resource of resources) {
        for (const name of ['nope', "x' or 1=1 --", '__proto__', 'constructor']) {
          await expect(store.query(resource, by(name))).rejects.toThrow(`no such field '${name}'`);
          const ordered = { ...EVERYTHING, order: [{ field: name, descending: true }] };
          await expect(store.query(resource, ordered)).rejects.toThrow(`no such field '${name}'`);
        }
      }
      await expect(store.query('builds', by('properties'))).rejects.toThrow(
        "cannot filter or order on 'properties'",
      );
    });

    test('refuses a value of the wrong kind', async () => {
      const { store } = await World.make(makePlace);
      const wrong: [ResourceName, string, FilterValue][] = [
        ['builds', 'results', 'x'],
        ['builds', 'complete', 1],
        ['builds', 'state_string', 5],
        ['workers', 'paused', 'yes'],
      ];
      for (const [resource, field, value] of wrong) {
        const query: Query = { ...EVERYTHING, filters: [{ field, operator: 'eq', values: [value] }] };
        await expect(store.query(resource, query)).rejects.toThrow(`invalid filter value for ${field}`);
      }
    });

    test('never takes a value for a part of the statement', async () => {
      const world = await World.make(makePlace);
      await history(world);
      const filters: Filter[] = [{ field: 'reason', operator: 'eq', values: ["x' or '1'='1"] }];
      expect((await world.store.query('buildsets', { ...EVERYTHING, filters })).total).toBe(0);
    });

    test('fills in the properties that are asked for', async () => {
      const world = await World.make(makePlace);
      const { build, request } = await world.build({ a: [1, 'x'], b: [2, 'y'] });
      const ask = async (properties?: string[]) => [
        (await world.store.query('builds', EVERYTHING, properties && { properties })).rows[0]?.properties,
        (await world.store.query('buildrequests', EVERYTHING, properties && { properties })).rows[0]
          ?.properties,
      ];
      expect([build.buildId, request.requestId]).toEqual([1, 1]);
      expect(await ask()).toEqual([{}, null]);
      expect(await ask(['a', 'zz'])).toEqual([{ a: [1, 'x'] }, { a: [1, 'x'] }]);
      expect(await ask(['*'])).toEqual([
        { a: [1, 'x'], b: [2, 'y'], builddir: ['linux', 'Worker'] },
        { a: [1, 'x'], b: [2, 'y'] },
      ]);
    });

    test('finds what belongs together by the ids of nested resources', async () => {
      const world = await World.make(makePlace);
      await history(world);
      const { store, linux, mac, masterId } = world;
      const has = async (resource: ResourceName, field: string, value: number | string) => {
        const filters: Filter[] = [{ field, operator: 'contains', values: [value] }];
        return (await store.query(resource, { ...EVERYTHING, filters })).total;
      };
      expect(await has('workers', 'configured_on', mac)).toBe(1);
      expect(await has('workers', 'configured_on', linux)).toBe(2);
      expect(await has('builders', 'masterids', masterId)).toBe(2);
      expect(await has('builders', 'tags', 'fast')).toBe(1);
      expect(await has('buildsets', 'sourcestamps', 1)).toBe(2);
    });
  });
}
