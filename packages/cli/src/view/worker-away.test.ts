import { describe, expect, it } from 'vitest';
import { textOf } from '../ui/line.ts';
import { NO_KEYS } from '../ui/try-keys.ts';
import { tryLines } from '../ui/try-layout.ts';
import { watchLines } from '../ui/watch-layout.ts';
import { factsOf } from './facts.ts';
import { reduce } from './reduce.ts';
import { eventLine } from './renderers/events.ts';
import { plainLines } from './renderers/plain.ts';
import { EMPTY_STATE, type ViewState } from './state.ts';
import { build, builder, estimate, request, step, summary, T0, worker } from './testing/resources.ts';
import { tryView } from './try-view.ts';
import { watchView } from './watch-view.ts';

const WENT = T0 / 1000 + 10;
const NOW = T0 + 52_000;
const away = worker({ connected_to: [], away_since: WENT });

function running(change: Parameters<typeof build>[0] = {}): ViewState {
  const content = summary({
    buildrequests: [request({ claimed: true })],
    builds: [build(change)],
    steps: [step()],
    estimates: [estimate()],
  });
  const known = reduce(EMPTY_STATE, { type: 'workers', n: 1, workers: [worker()] });
  return reduce(known, { type: 'summary', summary: content });
}

const gone = (state: ViewState) =>
  reduce(state, { type: 'event', event: { k: 'workers/1/disconnected', m: away, n: 20 } });

const tryScreen = (state: ViewState, columns = 120) =>
  tryLines(tryView(state, NOW), NO_KEYS, { columns, rows: 20 }, NOW).map(textOf).join('\n');

describe('a running build whose worker is away', () => {
  it('shows for how long nothing was heard of it, and no bar and no estimate', () => {
    expect(tryScreen(running())).toMatch(/left.*█/s);
    const lost = gone(running());
    expect(tryScreen(lost)).toContain('no word from worker w1 for 42s');
    expect(tryScreen(lost, 40)).toContain('no word from');
    expect(tryScreen(lost)).not.toMatch(/~|█|░/);
    expect(tryView(lost, NOW)).toMatchObject({ left: null, rows: [{ left: null, fraction: null }] });
  });

  it('has its estimate again when the worker is back', () => {
    const back = { k: 'workers/1/connected', m: worker(), n: 21 };
    const again = reduce(gone(running()), { type: 'event', event: back });
    expect(tryScreen(again)).toBe(tryScreen(running()));
  });

  it('is told in lines and events, once for each time the worker goes', () => {
    const facts = factsOf(gone(running())).filter(({ type }) => type === 'worker_away');
    expect(facts.flatMap(plainLines)).toEqual(['… linux/5: no word from worker w1, the build waits for it']);
    expect(facts.map((fact) => JSON.parse(eventLine(fact)))).toMatchObject([
      { event: 'worker_away', at: WENT * 1000, worker: 'w1', build: { buildId: 100 } },
    ]);
    expect(factsOf(running()).some(({ type }) => type === 'worker_away')).toBe(false);
  });

  it('shows it on the screen of the farm', () => {
    const status = {
      ...{ event_number: 3, title: '', master: null, builders: [builder()], workers: [away] },
      ...{ builds: [build()], steps: [step()], last_builds: [], buildrequests: [], pending: 0, shelved: [] },
    };
    const known = reduce(EMPTY_STATE, { type: 'estimate', n: 3, estimate: estimate() });
    const view = watchView(reduce(known, { type: 'status', status }), NOW);
    const [, row] = watchLines(view, { columns: 120, rows: 20 }).map(textOf);
    expect(row).toContain('no word from worker w1 for 42s');
    expect(row).not.toContain('~');
  });
});

describe('a build that is being cancelled', () => {
  it('says so, and that its worker is away', () => {
    expect(tryScreen(running({ state_string: 'cancelling' }))).toContain('cancelling');
    const text = tryScreen(gone(running({ state_string: 'cancelling, worker w1 is away' })));
    expect(text).toContain('cancelling, worker w1 is away, no word from worker w1 for 42s');
  });
});
