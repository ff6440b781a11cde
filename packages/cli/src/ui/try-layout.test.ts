import { displayWidth } from '@buildbot/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reduce } from '../view/reduce.ts';
import { EMPTY_STATE } from '../view/state.ts';
import { build, builder, estimate, request, step, summary, T0 } from '../view/testing/resources.ts';
import { tryView } from '../view/try-view.ts';
import { bar } from './bar.ts';
import { textOf } from './line.ts';
import { NO_KEYS } from './try-keys.ts';
import { MAX_LINES, tryLines } from './try-layout.ts';

const anyBuilder = fc.record({
  name: fc.string({ minLength: 1, unit: 'grapheme' }),
  runs: fc.boolean(),
  done: fc.boolean(),
  known: fc.boolean(),
});

function viewOf(builders: { name: string; runs: boolean; done: boolean; known: boolean }[]) {
  const ids = builders.map((one, index) => ({ ...one, id: index + 1 }));
  const running = ids.filter(({ runs }) => runs);
  const set = summary({
    buildrequests: ids.map(({ id, done }) =>
      request({ buildrequestid: id, builderid: id, complete: done, results: done ? 0 : -1 }),
    ),
    builders: ids.map(({ id, name }) => builder({ builderid: id, name })),
    builds: running.map(({ id }) => build({ buildid: id, buildrequestid: id, builderid: id })),
    steps: running.map(({ id, name }) => step({ stepid: id, buildid: id, name })),
    estimates: ids.filter(({ known }) => known).map(({ id }) => estimate({ builderid: id })),
  });
  const state = reduce(EMPTY_STATE, { type: 'summary', summary: set });
  return tryView(
    running.reduce(
      (next, { id, name }) => reduce(next, { type: 'tail', stepId: id, lines: [name, name] }),
      state,
    ),
    T0 + 5000,
  );
}

describe('the live block', () => {
  it('has the times of all builds in one column, whether there is an estimate or not', () => {
    const one = { runs: true, done: false };
    const view = viewOf([
      { ...one, name: 'a', known: true },
      { ...one, name: 'b', known: false },
    ]);
    for (const columns of [40, 60, 80, 120]) {
      const rows = tryLines(view, null, { columns, rows: 24 }, T0).map(textOf);
      const places = rows.filter((row) => / 5s /.test(row)).map((row) => row.indexOf(' 5s '));
      expect([places.length, new Set(places).size]).toEqual([2, 1]);
    }
  });

  it('stands still without a link, dimmed, and says that the builds go on', () => {
    const [known, lost] = [
      { type: 'summary', summary: summary({ builds: [build()], steps: [step()], estimates: [estimate()] }) },
      { type: 'local', fact: { type: 'link_lost', reason: '', retryInMs: 0, at: T0 + 5000 } },
    ] as const;
    const state = reduce(reduce(EMPTY_STATE, known), lost);
    const rowsAt = (now: number) =>
      tryLines(tryView(state, now), NO_KEYS, { columns: 90, rows: 24 }, now).slice(0, -1);
    const [header = [], ...rows] = rowsAt(T0 + 6000);
    expect(textOf(header)).toContain('connection lost, reconnecting; the builds go on at the server');
    expect(rows.map(textOf).join()).toMatch(/… linux .*█/);
    expect(rows.flat().every(({ dim }) => dim)).toBe(true);
    expect(rowsAt(T0 + 60_000).slice(1)).toEqual(rows);
  });

  it('has room for the step and both times in a narrow window, however long a name is', () => {
    const name = 'a-builder-with-a-rather-long-name';
    const view = viewOf([{ name, runs: true, done: false, known: true }]);
    const row = textOf(tryLines(view, NO_KEYS, { columns: 40, rows: 24 }, T0)[1] ?? []);
    expect(row).toMatch(/^ . a-builder-w… {2}1\. a-b… {5}5s {2}~1m00s$/);
  });

  it('fits every window whatever the builders are called', () => {
    const keys = fc.record({ showsLog: fc.boolean(), showsKeys: fc.boolean(), asksToStop: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(anyBuilder, { maxLength: 20 }),
        keys,
        fc.integer({ min: 1, max: 130 }),
        fc.integer({ min: 1, max: 60 }),
        (builders, pressed, columns, rows) => {
          const lines = tryLines(viewOf(builders), pressed, { columns, rows }, T0).map(textOf);
          expect(lines.length).toBeLessThanOrEqual(Math.max(1, Math.min(MAX_LINES, rows - 1)));
          for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(1, columns - 1));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is empty when no builder is open any more', () => {
    expect(
      tryLines(
        viewOf([{ name: 'a', runs: true, done: true, known: true }]),
        NO_KEYS,
        { columns: 80, rows: 24 },
        T0,
      ),
    ).toEqual([]);
  });

  it('does not offer the log when no step runs', () => {
    const text = tryLines(
      viewOf([{ name: 'a', runs: false, done: false, known: false }]),
      NO_KEYS,
      { columns: 80, rows: 24 },
      T0,
    )
      .map(textOf)
      .join('\n');
    expect(text).not.toContain('enter log');
    expect(text).toContain('d detach');
  });
});

describe('bar', () => {
  it('is as wide as asked, and says when nothing is known', () => {
    expect([bar(0, 4), bar(0.5, 4), bar(2, 4), bar(null, 4)]).toEqual(['░░░░', '██░░', '████', '····']);
  });
});
