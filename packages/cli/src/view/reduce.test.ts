import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factsOf } from './facts.ts';
import type { ViewMessage } from './messages.ts';
import { reduce, tableOfEvent } from './reduce.ts';
import { EMPTY_STATE, type ViewState } from './state.ts';
import { build, builder, request, step, summary, T0 } from './testing/resources.ts';
import { STORY_EVENTS } from './testing/story.ts';
import { tryView } from './try-view.ts';
import { watchView } from './watch-view.ts';

function after(messages: readonly ViewMessage[]): ViewState {
  return messages.reduce(reduce, EMPTY_STATE);
}

const start: ViewMessage = { type: 'summary', summary: summary() };
const now = T0 + 60_000;

describe('reduce', () => {
  it('reaches the same view whatever the order and repetition of events', () => {
    const expected = tryView(after([start, ...STORY_EVENTS]), now);
    expect(expected.complete).toBe(true);
    const shuffled = fc.shuffledSubarray([...STORY_EVENTS], { minLength: STORY_EVENTS.length });
    const repeats = fc.array(fc.constantFrom(...STORY_EVENTS), { maxLength: 10 });
    fc.assert(
      fc.property(shuffled, repeats, (order, again) => {
        expect(tryView(after([start, ...order, ...again]), now)).toEqual(expected);
      }),
    );
  });

  it('takes a summary read late as no older than its number', () => {
    const late: ViewMessage = { type: 'summary', summary: summary({ event_number: 10, builds: [build()] }) };
    expect(tryView(after([start, ...STORY_EVENTS, late]), now).rows[0]?.results).toBe(2);
  });

  it('takes what a master of the first release tells, which knows no shelf and no suspect workers', () => {
    const { state: _, failures: _failures, shelved: _shelved, not_before: __, ...oldRequest } = request();
    const { infrastructure: ___, ...oldBuild } = build({ complete: true, results: 4, complete_at_ms: T0 });
    const old = [
      { k: 'buildrequests/11/claimed', m: oldRequest, n: 20 },
      { k: 'builds/100/finished', m: oldBuild, n: 21 },
      {
        k: 'workers/1/connected',
        m: { workerid: 1, name: 'w1', configured_on: [], connected_to: [] },
        n: 22,
      },
    ];
    const state = after([start, ...old.map((event) => ({ type: 'event', event }) as const)]);
    expect(tryView(state, now)).toMatchObject({ isOver: false, rows: [{ state: 'waiting' }] });
    expect(watchView(state, now)).toMatchObject({ hostsDown: [], shelved: [], waiting: 1 });
    expect(factsOf(state)).toContainEqual(
      expect.objectContaining({ type: 'build_finished', infrastructure: true }),
    );
  });

  it('passes over bodies that are no resources, and never throws on them', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('builds/1/new', 'steps/1/new', 'x', 'a/b/c', 'workers/1/connected'),
        fc.jsonValue(),
        (k, m) => {
          const state = after([start, { type: 'event', event: { k, m, n: 99 } }]);
          return [...state.builds.values()].every(({ value }) => typeof value.buildid === 'number');
        },
      ),
    );
  });

  it('leaves the state it was given untouched', () => {
    const before = after([start]);
    const builds = before.builds.size;
    after([start, ...STORY_EVENTS]);
    STORY_EVENTS.reduce(reduce, before);
    expect(before.builds.size).toBe(builds);
  });

  it('forgets what a newer status does not name', () => {
    const status = (n: number, builds: ReturnType<typeof build>[]): ViewMessage => ({
      type: 'status',
      status: {
        event_number: n,
        title: 'T',
        master: null,
        builders: [builder()],
        workers: [],
        builds,
        steps: [],
        last_builds: [],
        buildrequests: [],
        pending: 0,
        shelved: [],
      },
    });
    const state = after([status(1, [build({ buildid: 1 })]), status(5, [build({ buildid: 2 })])]);
    expect([...state.builds.keys()]).toEqual([2]);
  });
});

describe('tableOfEvent', () => {
  it.each([
    ['builds/17/finished', 'builds'],
    ['builds/17/steps/4/finished', 'steps'],
    ['buildsets/1/builders/2/buildrequests/3/new', 'requests'],
    ['builds/17/properties/update', undefined],
    ['', undefined],
  ])('reads %s', (path, table) => {
    expect(tableOfEvent(path)).toBe(table);
  });
});

describe('why a request waits', () => {
  const waiting = after([{ type: 'summary', summary: summary({}) }]);
  const reasonOf = (state: ViewState) => tryView(state, now).rows[0]?.waitingReason;
  const asked = (waiting_reason: string | null) =>
    reduce(waiting, { type: 'reasons', requests: [request({ waiting_reason })] });

  it('stands when an event tells the request without it', () => {
    const told = { k: 'buildrequests/11/update', m: request({ priority: 2, waiting_reason: null }), n: 12 };
    expect(reasonOf(reduce(waiting, { type: 'event', event: told }))).toBe('no worker is connected');
  });

  it('becomes another one when it is asked for again', () => {
    expect(reasonOf(asked('worker w1 is busy'))).toBe('worker w1 is busy');
    const claimed = {
      k: 'buildrequests/11/claimed',
      m: request({ claimed: true, waiting_reason: null }),
      n: 12,
    };
    const running = reduce(waiting, { type: 'event', event: claimed });
    expect(reasonOf(reduce(running, { type: 'reasons', requests: [request()] }))).toBeNull();
  });
});

describe('tryView', () => {
  it('says why a builder waits, until it runs', () => {
    expect(tryView(after([start]), now).rows[0]).toMatchObject({
      state: 'waiting',
      waitingReason: 'no worker is connected',
    });
    expect(tryView(after([start, ...STORY_EVENTS.slice(0, 2)]), now).rows[0]).toMatchObject({
      state: 'running',
      elapsedMs: 60_000,
    });
  });

  it('shows the newest attempt of a request', () => {
    const builds = [
      build({ buildid: 100, complete: true, results: 5 }),
      build({ buildid: 101, attempt: 2, number: 6 }),
    ];
    const view = tryView(after([{ type: 'summary', summary: summary({ builds }) }]), now);
    expect(view.rows[0]).toMatchObject({ state: 'running', attempt: 2, number: 6 });
  });

  it('never lets elapsed time go below zero when clocks differ', () => {
    const message: ViewMessage = {
      type: 'summary',
      summary: summary({ builds: [build()], steps: [step()] }),
    };
    const row = tryView(after([message]), T0 - 5000).rows[0];
    expect([row?.elapsedMs, row?.step?.elapsedMs]).toEqual([0, 0]);
  });

  it('makes names from outside fit for a terminal', () => {
    const evil = '\u001b]52;c;x\u0007';
    const message: ViewMessage = {
      type: 'summary',
      summary: summary({
        builders: [builder({ name: evil })],
        buildrequests: [request({ waiting_reason: evil })],
        builds: [build({ state_string: evil })],
        steps: [step({ name: evil, state_string: evil })],
      }),
    };
    expect(JSON.stringify(tryView(after([message]), now))).not.toMatch(/\\u001b|\\u0007/);
  });
});
