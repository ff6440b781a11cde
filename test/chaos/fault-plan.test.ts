import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FAULT_KINDS, type FaultKind, type FaultOptions, planFaults } from './fault-plan.ts';
import { randomFrom } from './random.ts';

const base: FaultOptions = {
  kinds: FAULT_KINDS,
  count: 500,
  workers: 3,
  maxWaitMs: 1_000,
  maxFreezeMs: 2_000,
  points: ['after-commit'],
  workerPoints: ['after-spawn'],
};

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test('the same seed gives the same plan, another one another', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      expect(planFaults(randomFrom(seed), base)).toEqual(planFaults(randomFrom(seed), base));
    }),
    { numRuns: 20 },
  );
  expect(planFaults(randomFrom(1), base)).not.toEqual(planFaults(randomFrom(2), base));
});

test('a plan holds what was asked for: so many faults, of these kinds, on these workers, within these times', () => {
  const kinds = fc.uniqueArray(fc.constantFrom<FaultKind>(...FAULT_KINDS), { minLength: 1 });
  const options = fc.record({ kinds, count: fc.nat(60), workers: fc.integer({ min: 1, max: 5 }) });
  fc.assert(
    fc.property(seeds, options, (seed, { kinds, count, workers }) => {
      const plan = planFaults(randomFrom(seed), { ...base, kinds, count, workers });
      const all = [...plan].flatMap(([lane, faults]) => faults.map((planned) => ({ lane, ...planned })));
      expect(all).toHaveLength(count);
      for (const { lane, waitMs, fault } of all) {
        expect(kinds).toContain(fault.kind);
        expect(waitMs).toBeLessThanOrEqual(base.maxWaitMs);
        const [, worker = '0'] = lane.split(' ');
        expect(Number(worker)).toBeLessThan(workers);
        if (fault.kind === 'freeze') expect(fault.ms).toBeLessThanOrEqual(base.maxFreezeMs);
      }
    }),
  );
});

test('every kind of fault and every trouble of a link comes up', () => {
  const faults = [...planFaults(randomFrom(7), base).values()].flat().map(({ fault }) => fault);
  expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
  const troubles = faults.flatMap((fault) => (fault.kind === 'link' ? [fault.trouble.what] : []));
  expect(new Set(troubles)).toEqual(new Set(['cut', 'storm', 'silence', 'slow', 'duplicate', 'refuse']));
});

test('masters are killed at named points only where there are any', () => {
  const pointsOf = (points: readonly string[]) => {
    const plan = planFaults(randomFrom(3), { ...base, kinds: ['kill'], points });
    return new Set(
      [...plan.values()]
        .flat()
        .map(({ fault }) => fault.kind === 'kill' && fault.point?.replace(/@[1-8]$/, '')),
    );
  };
  expect(pointsOf([])).toEqual(new Set([undefined]));
  expect(pointsOf(['x', 'y'])).toEqual(new Set([undefined, 'x', 'y']));
});
