/** What is listed on the full screen, in which order, and what a filter leaves of it. */
import type { Results } from '@buildbot/shared';
import { expect, it } from 'vitest';
import { type FarmItem, farmItems, type ListWishes } from './farm-items.ts';
import { reduce } from './reduce.ts';
import { EMPTY_STATE, type ViewState } from './state.ts';
import { build, builder, request, T0, worker } from './testing/resources.ts';

const ended = (id: number, results: Results, at: number) =>
  build({ buildid: 10 + id, builderid: id, complete: true, results, complete_at_ms: T0 + at });

const STATE: ViewState = reduce(EMPTY_STATE, {
  type: 'status',
  status: {
    ...{ event_number: 1, title: 'Farm', master: null, steps: [], pending: 1 },
    builders: ['b10', 'b2', 'failed', 'busy'].map((name, index) => builder({ builderid: index + 1, name })),
    workers: [worker({ name: 'w10' }), worker({ workerid: 2, name: 'w9' })],
    builds: [build({ buildid: 50, builderid: 4 }), build({ buildid: 40, builderid: 4 })],
    last_builds: [ended(1, 0, 3000), ended(2, 0, 1000), ended(3, 2, 2000)],
    buildrequests: [
      request({ buildrequestid: 7, builderid: 2 }),
      request({ buildrequestid: 8, builderid: 1, priority: 5 }),
    ],
    shelved: [request({ buildrequestid: 6, builderid: 3, state: 'shelved' })],
  },
});

const keysOf = (wishes: Partial<ListWishes>): string[] =>
  farmItems(STATE, { filter: '', sort: 'state', folded: [], ...wishes }).map(({ key }) => key);
const buildersOf = (wishes: Partial<ListWishes>): string[] =>
  keysOf(wishes).flatMap((key) => (key.startsWith('builder/') ? [key.slice(8)] : []));

it('puts what runs first, then what waits, then what failed; a builder once for each of its builds', () => {
  expect(buildersOf({})).toEqual(['4/40', '4/50', '2', '1', '3']);
});

it('sorts by name with its numbers, or by what happened last', () => {
  expect(buildersOf({ sort: 'name' })).toEqual(['2', '1', '4/40', '4/50', '3']);
  expect(buildersOf({ sort: 'last' })).toEqual(['1', '3', '2', '4/40', '4/50']);
});

it('lists the queue in the order in which it is served, and what is shelved after it', () => {
  expect(keysOf({}).filter((key) => key.startsWith('request/'))).toEqual([
    'request/8',
    'request/7',
    'request/6',
  ]);
});

it('leaves what has the filter in its name, in any case, and says how many that are', () => {
  const items = farmItems(STATE, { filter: 'B2', sort: 'state', folded: [] });
  const count = (item: FarmItem) => (item.kind === 'heading' ? [item.count] : []);
  expect(items.map(({ key }) => key)).toEqual(['builders', 'builder/2', 'queue', 'request/7', 'workers']);
  expect(items.flatMap(count)).toEqual([1, 1, 0]);
});

it('leaves of a folded list its heading', () => {
  expect(keysOf({ folded: ['builders', 'queue'] })).toEqual([
    'builders',
    'queue',
    'workers',
    'worker/2',
    'worker/1',
  ]);
});
