import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LoadState, loadTransition, reportedLoad } from './load-rule.ts';

const rule = { above: 1.5, forMs: 120_000, below: 0.8, be: 'reluctant' } as const;

function after(loads: readonly number[], elapsedMs = 5000): LoadState {
  let state: LoadState = { kind: 'calm' };
  for (const load of loads) state = loadTransition(rule, state, { load, elapsedMs });
  return state;
}

test('a load that is too high for long enough counts, a short one does not', () => {
  const peak = Array.from({ length: 24 }, () => 2);
  expect(after(peak)).toEqual({ kind: 'rising', heldMs: 115_000 });
  expect(after([...peak, 2])).toEqual({ kind: 'high' });
  expect(after([...peak, 1.5, 2])).toEqual({ kind: 'rising', heldMs: 0 });
});

test('it counts until the load has clearly fallen', () => {
  const high = Array.from({ length: 25 }, () => 2);
  expect(after([...high, 1, 0.8])).toEqual({ kind: 'high' });
  expect(after([...high, 0.79])).toEqual({ kind: 'calm' });
});

test('between the two limits nothing ever changes but a rise that ends', () => {
  const anyState = fc.constantFrom<LoadState>(
    { kind: 'calm' },
    { kind: 'rising', heldMs: 60_000 },
    { kind: 'high' },
  );
  fc.assert(
    fc.property(anyState, fc.double({ min: 0.8, max: 1.5, noNaN: true }), (state, load) => {
      const next = loadTransition(rule, state, { load, elapsedMs: 1e9 });
      expect(next.kind).toBe(state.kind === 'high' ? 'high' : 'calm');
    }),
  );
});

test('the reported load is near the real one, and small changes are not reported', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 16, noNaN: true }), { minLength: 1 }), (loads) => {
      let last: number | null = null;
      for (const load of loads) {
        last = reportedLoad(last, load);
        expect(Math.abs(last - load)).toBeLessThanOrEqual(0.1875);
      }
    }),
  );
  const wobble = [0.9, 1.1, 0.95, 1.15, 0.85];
  let last = reportedLoad(null, 1);
  for (const load of wobble) last = reportedLoad(last, load);
  expect(last).toBe(1);
});
