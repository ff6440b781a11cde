import type { StatusResource } from '@buildbot/shared';
import { describe, expect, it } from 'vitest';
import { reduce } from '../view/reduce.ts';
import { EMPTY_STATE } from '../view/state.ts';
import { build, builder, estimate, request, step, T0, worker } from '../view/testing/resources.ts';
import { watchView } from '../view/watch-view.ts';
import { textOf } from './line.ts';
import { testTerminal, until } from './testing/terminal.ts';
import { startWatchApp } from './watch-app.tsx';
import { watchLines } from './watch-layout.ts';

const STATUS: StatusResource = {
  event_number: 3,
  title: 'Example',
  master: null,
  builders: [builder(), builder({ builderid: 2, name: 'mac' }), builder({ builderid: 3, name: 'arm' })],
  workers: [],
  builds: [build()],
  steps: [step()],
  last_builds: [
    build({
      buildid: 90,
      number: 4,
      builderid: 2,
      complete: true,
      complete_at_ms: T0 - 60_000,
      results: 2,
      state_string: 'failed',
    }),
  ],
  buildrequests: [request({ builderid: 3, buildrequestid: 12, waiting_reason: 'worker arm-1 is busy' })],
  pending: 1,
  shelved: [],
};

const farm = reduce(EMPTY_STATE, { type: 'status', status: STATUS });

describe('the screen of the farm', () => {
  it.each([40, 80, 120])(
    'shows what runs, what waits and how the last ones ended, at %i columns',
    async (columns) => {
      const terminal = testTerminal(columns, 20);
      let quits = 0;
      const end = startWatchApp(
        terminal,
        () => watchView(farm, T0 + 5000),
        () => quits++,
      );
      await until(async () => (await terminal.screen()).join('\n').includes('linux'), terminal.bytes);
      const rows = await terminal.screen();
      expect(rows[0]).toContain('Example');
      expect(rows.some((row) => row.includes('linux') && row.includes('#5'))).toBe(true);
      expect(rows.some((row) => row.includes('mac') && row.includes('#4'))).toBe(true);
      terminal.type('q');
      await until(() => quits === 1, terminal.bytes);
      await end();
      expect(terminal.bytes()).not.toMatch(/\u001b\[[23]J/);
    },
  );

  it('says how many workers take no builds, and in which way', () => {
    const workers = [
      worker({ graceful: true }),
      worker({ workerid: 2, paused: true }),
      worker({ workerid: 3, availability: 'unavailable' }),
      worker({ workerid: 4, suspect: { until: 9, reason: 'lost 3 builds' } }),
      worker({ workerid: 5, connected_to: [] }),
    ];
    const state = reduce(EMPTY_STATE, { type: 'status', status: { ...STATUS, workers } });
    const lines = watchLines(watchView(state, T0), { columns: 120, rows: 30 }).map(textOf);
    expect(lines.at(-1)).toContain(
      '4 of 5 workers connected, 1 leaving, 1 paused, 1 unavailable, 1 host down',
    );
  });

  it.each([40, 120])('says that the master is about to end, at %i columns', (columns) => {
    const state = reduce(EMPTY_STATE, { type: 'status', status: { ...STATUS, draining: true } });
    const [first] = watchLines(watchView(state, T0), { columns, rows: 30 }).map(textOf);
    expect(first).toContain('master is stopping');
    expect(watchLines(watchView(farm, T0), { columns, rows: 30 }).map(textOf)[0]).not.toContain('stopping');
  });

  it('stands still as of when the link was lost', () => {
    const known = reduce(farm, { type: 'estimate', n: 3, estimate: estimate() });
    const lost = { type: 'link_lost', reason: 'reset', retryInMs: 1, at: T0 + 20_000 } as const;
    const state = reduce(known, { type: 'local', fact: lost });
    const linesAt = (now: number) =>
      watchLines(watchView(state, now), { columns: 120, rows: 20 }).map(textOf);
    expect(linesAt(T0 + 90_000).slice(1)).toEqual(linesAt(T0 + 20_000).slice(1));
    const clock = new Date(T0 + 20_000).toTimeString().slice(0, 8);
    expect(linesAt(T0 + 90_000)[0]).toContain(`no contact for 1m10s, reconnecting · as of ${clock}`);
  });

  it('is never as tall as the window and says how much is hidden', () => {
    const view = watchView(farm, T0);
    const many = {
      ...view,
      rows: Array.from({ length: 100 }, () => view.rows[0] as (typeof view.rows)[number]),
    };
    const lines = watchLines(many, { columns: 80, rows: 10 }).map(textOf);
    expect(lines).toHaveLength(9);
    expect(lines.join('\n')).toContain('94 more lines');
  });

  it('says of each running build how long it will take, as a try does', () => {
    const known = reduce(farm, { type: 'estimate', n: 3, estimate: estimate() });
    const rowOf = (state: typeof farm, now: number) =>
      textOf(watchLines(watchView(state, now), { columns: 120, rows: 20 })[1] ?? []);
    expect(rowOf(known, T0 + 20_000)).toContain('20s  ~40s left');
    expect(rowOf(known, T0 + 999_000)).toContain('overdue');
    expect(rowOf(farm, T0 + 20_000)).toContain('20s  no estimate yet');
  });

  it('has room for the time in a narrow window, and for the worker in a usual one', () => {
    const long = reduce(farm, {
      type: 'status',
      status: {
        ...STATUS,
        event_number: 5,
        builders: [builder({ name: 'a-builder-with-a-rather-long-name' })],
      },
    });
    const known = reduce(long, { type: 'estimate', n: 5, estimate: estimate() });
    const row = (columns: number) =>
      textOf(watchLines(watchView(known, T0 + 5000), { columns, rows: 20 })[1] ?? []);
    expect(row(40)).toMatch(/ 5s/);
    expect(row(80)).toMatch(/ 5s {2}~55s left {2}on wor/);
  });

  it('names the builder of each of its running builds', () => {
    const two = reduce(farm, {
      type: 'event',
      event: { n: 4, k: 'builds/101/new', m: build({ buildid: 101, number: 6 }) },
    });
    const text = watchLines(watchView(two, T0), { columns: 120, rows: 20 }).map(textOf);
    expect(text[1]).toMatch(/^ ▶ linux +#5 /);
    expect(text[2]).toMatch(/^ ▶ linux +#6 /);
  });

  it('puts busy builders first and says why a request waits', () => {
    const text = watchLines(watchView(farm, T0), { columns: 120, rows: 20 }).map(textOf);
    expect(text[1]).toContain('linux');
    expect(text[2]).toContain('1 waiting: worker arm-1 is busy');
  });

  it('says of a worker that is lent out less which rule says so, why and until when', () => {
    const worker = {
      ...{ workerid: 7, name: 'w7', connected_to: [{ masterid: 1 }], availability: 'unavailable' },
      ...{ availability_rule: "worker's admin", availability_reason: 'maintenance' },
      availability_until: new Date(2026, 10, 21, 18, 0).getTime() / 1000,
    };
    const event = { n: 4, k: 'workers/7/state_updated', m: worker };
    const now = new Date(2026, 10, 21, 9, 0).getTime();
    const text = watchLines(watchView(reduce(farm, { type: 'event', event }), now), {
      columns: 120,
      rows: 20,
    });
    expect(text.map(textOf)).toContain(" w7  unavailable (worker's admin: maintenance, until 18:00)");
  });
});
