/** The rule of docs/architecture/was-it-me.md, case by case and for any history. */
import type { Mark, Results } from '@buildbot/shared';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BuiltSource, type BuiltSources, kinshipOf, relativesOf } from './kinship.ts';
import { markOf, type Observation } from './mark.ts';
import { observe, type PastStep } from './observe.ts';

const SAME = { isSame: true, isBase: false, isBranch: false };
const BASE = { isSame: false, isBase: true, isBranch: true };
const BRANCH = { isSame: false, isBase: false, isBranch: true };

/** `P` passed, `F` failed; the newest first. */
const history = (kinship: typeof SAME, outcomes: string): Observation[] =>
  [...outcomes].map((letter) => ({ ...kinship, failed: letter === 'F' }));

/** A failure with this mark is not that of the change. */
const isExcused = (mark: Mark) => mark === 'also-on-base' || mark === 'flaky';

describe('a failure', () => {
  test.each<[string, Observation[], Mark]>([
    ['nothing is known of', [], 'unknown'],
    ['that the base does not have', history(BASE, 'P'), 'new'],
    ['that the base has, too', history(BASE, 'FF'), 'also-on-base'],
    ['that the base has now and then', history(BASE, 'FPF'), 'flaky'],
    ['that the very same sources did not have', [...history(SAME, 'P'), ...history(BASE, 'F')], 'flaky'],
    ['that the same sources had before, too', [...history(SAME, 'F'), ...history(BASE, 'P')], 'new'],
    ['only the same sources are known of', history(SAME, 'FF'), 'unknown'],
    ['that the newest build of the branch has', history(BRANCH, 'FP'), 'also-on-base'],
    ['that the branch had until it was mended', history(BRANCH, 'PPFFP'), 'new'],
    ['that comes and goes on the branch', history(BRANCH, 'PFPPF'), 'flaky'],
    [
      'of the base, whatever the branch was later',
      [...history(BRANCH, 'P'), ...history(BASE, 'F')],
      'also-on-base',
    ],
  ])('%s', (_what, known, mark) => {
    expect(markOf(known)).toBe(mark);
  });

  const anyHistory = fc.array(
    fc
      .record({ kinship: fc.constantFrom(SAME, BASE, BRANCH), failed: fc.boolean() })
      .map(({ kinship, failed }): Observation => ({ ...kinship, failed })),
    { maxLength: 30 },
  );

  test('is new only if the nearest build passed, and excused only if one failed or the same sources passed', () => {
    fc.assert(
      fc.property(anyHistory, (known) => {
        const mark = markOf(known);
        const plain = known.filter(({ isSame }) => !isSame);
        const nearest = known.find(({ isBase }) => isBase) ?? plain[0];
        if (mark === 'new') expect(nearest?.failed).toBe(false);
        if (mark === 'also-on-base') expect(nearest?.failed).toBe(true);
        if (mark === 'unknown') expect(plain).toEqual([]);
        const samePassed = known.some(({ isSame, failed }) => isSame && !failed);
        if (isExcused(mark)) expect(samePassed || plain.some(({ failed }) => failed)).toBe(true);
        if (mark === 'flaky') expect(known.some(({ failed }) => !failed)).toBe(true);
      }),
    );
  });

  test('is never new once the same sources have passed, whatever else is known', () => {
    fc.assert(
      fc.property(anyHistory, fc.nat(), (known, at) => {
        const more = known.toSpliced(at % (known.length + 1), 0, { ...SAME, failed: false });
        expect(markOf(more)).toBe('flaky');
      }),
    );
  });

  test('is never excused where nothing ever failed but the change itself', () => {
    fc.assert(
      fc.property(anyHistory, (known) => {
        const clean = known.map((one) => ({ ...one, failed: one.isSame }));
        expect(isExcused(markOf(clean))).toBe(false);
      }),
    );
  });
});

const source = (change: Partial<BuiltSource> = {}): BuiltSource => ({
  ...{ codebase: '', branch: 'main', revision: 'a', patch: null },
  ...change,
});
const mine = source({ patch: 'p' });

describe('a build', () => {
  test.each<[string, BuiltSource[], BuiltSource[], object | null]>([
    ['of the same patch', [mine], [source({ patch: 'p' })], SAME],
    ['of the base', [mine], [source()], BASE],
    ['of the base under another branch', [mine], [source({ branch: null })], { ...BASE, isBranch: false }],
    ['of an older revision of the branch', [mine], [source({ revision: '0' })], BRANCH],
    ['of an unknown revision', [mine], [source({ revision: null })], BRANCH],
    ['of another patch on the same base', [mine], [source({ patch: 'q' })], null],
    ['of another branch', [mine], [source({ revision: '0', branch: 'next' })], null],
    ['of more codebases', [mine], [source(), source({ codebase: 'lib' })], null],
    ['of the same revision, when nothing is patched', [source()], [source()], { ...BASE, isSame: true }],
    ['of the newest twice', [source({ revision: null })], [source({ revision: null })], BRANCH],
    ['of nothing', [], [], null],
  ])('%s is what it is', (_what, own, other, kinship) => {
    expect(kinshipOf(own, other)).toEqual(kinship);
  });

  test('is a relative once, the newest first; of the branch only what came before', () => {
    const others: BuiltSources[] = [1, 2, 5, 9].map((buildId) => ({ buildId, sources: [source()] }));
    others.push({ buildId: 8, sources: [source({ revision: 'later' })] });
    others.push({ buildId: 3, sources: [source({ revision: 'older' })] });
    const found = relativesOf({ buildId: 5, sources: [mine] }, others);
    expect(found.map(({ buildId }) => buildId)).toEqual([9, 3, 2, 1]);
  });

  test('is not asked for when there are enough', () => {
    const others = Array.from(
      { length: 100 },
      (_, i): BuiltSources => ({
        buildId: i + 1,
        sources: [source({ revision: i % 2 === 0 ? 'a' : String(i) })],
      }),
    );
    const found = relativesOf({ buildId: 1000, sources: [mine] }, others);
    expect(found.length).toBeLessThanOrEqual(30);
    expect(found[0]?.buildId).toBe(100);
  });
});

describe('what another build tells of a test', () => {
  const tests = { passed: new Set(['good']), failed: new Set(['bad']) };
  const past = (results: Results, of: PastStep['tests'] = tests) =>
    new Map([[1, { buildId: 1, results, tests: of }]]);
  const told = (name: string | null, steps: ReadonlyMap<number, PastStep>) =>
    observe(name, [{ buildId: 1, ...BASE }], steps).map(({ failed }) => failed);

  test('is what its own results say', () => {
    expect([told('good', past(2)), told('bad', past(2)), told('bad', past(0))]).toEqual([
      [false],
      [true],
      [true],
    ]);
  });

  test('is that it did not fail, when the step passed without it', () => {
    expect([told('added', past(0)), told('added', past(1, null))]).toEqual([[false], [false]]);
  });

  test('is nothing, when the step failed without it or came to no verdict', () => {
    expect([told('added', past(2)), told('bad', past(4)), told('bad', new Map())]).toEqual([[], [], []]);
  });

  test('is the result of the step for the step itself', () => {
    expect([told(null, past(2)), told(null, past(0)), told(null, past(6))]).toEqual([[true], [false], []]);
  });
});
