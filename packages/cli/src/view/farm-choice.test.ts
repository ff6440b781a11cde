/** What is left of the farm for each choice, and when a condition on it holds. */
import { describe, expect, it } from 'vitest';
import { chosenFarm, type FarmChoice, WHOLE_FARM } from './farm-choice.ts';
import { reduce } from './reduce.ts';
import { EMPTY_STATE, type ViewState } from './state.ts';
import { build, builder, request, worker } from './testing/resources.ts';
import { type Condition, conditionMet } from './until.ts';

const lendTo = (...ids: number[]) => ids.map((builderid) => ({ masterid: 1, builderid }));

const STATE: ViewState = reduce(EMPTY_STATE, {
  type: 'status',
  status: {
    ...{ event_number: 1, title: 'Farm', master: null, steps: [], pending: 1, shelved: [] },
    builders: ['linux', 'mac', 'arm'].map((name, index) => builder({ builderid: index + 1, name })),
    workers: [
      worker({ name: 'w1', configured_on: lendTo(1, 2) }),
      worker({ workerid: 2, name: 'w2', configured_on: lendTo(2, 3), connected_to: [] }),
    ],
    builds: [
      build({ buildid: 50, builderid: 1, buildrequestid: 20 }),
      build({ buildid: 51, builderid: 2, workerid: 2 }),
    ],
    last_builds: [
      build({ buildid: 10, builderid: 1, complete: true, results: 0, buildrequestid: 1 }),
      build({ buildid: 11, builderid: 2, complete: true, results: 2, workerid: 2, buildrequestid: 2 }),
    ],
    buildrequests: [request({ buildrequestid: 30, builderid: 3 })],
  },
});

const shownBy = (choice: Partial<FarmChoice>, state = STATE) => {
  const { builders, workers, builds, requests } = chosenFarm(state, { ...WHOLE_FARM, ...choice });
  return [builders, workers, builds, requests].map((table) => [...table.keys()].sort((a, b) => a - b));
};

describe('a choice', () => {
  it('of nothing leaves all', () => {
    expect(shownBy({})).toEqual([[1, 2, 3], [1, 2], [10, 11, 50, 51], [30]]);
  });

  it('of builders leaves them, with their builds and requests, and the workers they may use', () => {
    expect(shownBy({ builders: ['linux'] })).toEqual([[1], [1], [10, 50], []]);
    expect(shownBy({ builders: ['linux', 'arm'] })).toEqual([[1, 3], [1, 2], [10, 50], [30]]);
  });

  it('of workers leaves them, with their builds, and the builders that may use them', () => {
    expect(shownBy({ workers: ['w2'] })).toEqual([[2, 3], [2], [11, 51], [30]]);
  });

  it('of what failed leaves builders whose last build did', () => {
    expect(shownBy({ failed: true })).toEqual([[2], [1, 2], [11, 51], []]);
  });

  it('of what is mine leaves nothing as long as that is not known', () => {
    expect(shownBy({ mine: true })).toEqual([[], [1, 2], [], []]);
    const known = reduce(STATE, { type: 'mine', requestIds: [20, 30] });
    expect(shownBy({ mine: true }, known)).toEqual([[1, 3], [1, 2], [50], [30]]);
  });
});

describe('a condition', () => {
  const holds = (condition: Condition, ...states: ViewState[]): boolean[] =>
    states.map(conditionMet(condition));
  const quiet = reduce(EMPTY_STATE, {
    type: 'status',
    status: {
      ...{ event_number: 2, title: 'Farm', master: null, steps: [], pending: 0, shelved: [], builds: [] },
      ...{ builders: [builder()], workers: [worker()], buildrequests: [] },
      last_builds: [build({ buildid: 11, complete: true, results: 2 })],
    },
  });

  it('is not met before anything is known', () => {
    expect(holds('idle', EMPTY_STATE)).toEqual([false]);
    expect(holds('connected', EMPTY_STATE)).toEqual([false]);
  });

  it('idle: nothing runs and nothing waits', () => {
    expect(holds('idle', STATE, quiet)).toEqual([false, true]);
  });

  it('failed: a build has failed since, not before', () => {
    const m = build({ buildid: 12, complete: true, results: 4 });
    const after = reduce(quiet, { type: 'event', event: { n: 3, k: 'builds/12/finished', m } });
    const passed = { ...m, results: 0 as const };
    const fine = reduce(quiet, { type: 'event', event: { n: 3, k: 'builds/12/finished', m: passed } });
    expect(holds('failed', quiet, fine, after)).toEqual([false, false, true]);
  });

  it('connected: every worker is there', () => {
    expect(holds('connected', STATE, quiet)).toEqual([false, true]);
  });
});
