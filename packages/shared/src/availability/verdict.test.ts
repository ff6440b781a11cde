import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AVAILABILITIES, type Availability } from '../model/entities.ts';
import {
  type AvailabilityVerdict,
  BY_DEFAULT,
  compareAvailability,
  effectiveAvailability,
  lowestVerdict,
  RULES,
  untilText,
  verdictText,
} from './verdict.ts';

const says = (availability: Availability, rule: string) => ({
  availability,
  rule,
  reason: null,
  until: null,
});

test('the lowest word wins, and the first of equals names the rule', () => {
  const verdicts = [says('reluctant', 'a'), says('unavailable', 'b'), says('unavailable', 'c')];
  expect(lowestVerdict(verdicts).rule).toBe('b');
  expect(lowestVerdict([BY_DEFAULT, says('eager', 'later')])).toBe(BY_DEFAULT);
  expect(lowestVerdict([])).toBe(BY_DEFAULT);
});

test('of any words one is taken as it was said, none is lower, and none before it is as low', () => {
  const words = fc.array(fc.constantFrom(...AVAILABILITIES), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(words, (said) => {
      const verdicts: AvailabilityVerdict[] = said.map((word, index) => says(word, `rule ${index}`));
      const lowest = lowestVerdict(verdicts);
      const index = verdicts.indexOf(lowest);
      expect(index).toBeGreaterThanOrEqual(0);
      for (const [other, availability] of said.entries()) {
        const difference = compareAvailability(availability, lowest.availability);
        if (other < index) expect(difference).toBeGreaterThan(0);
        else expect(difference).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});

test("the master's admin can lend a worker out less than it wants itself, never more", () => {
  const any = fc.constantFrom(...AVAILABILITIES);
  fc.assert(
    fc.property(any, any, (own, word) => {
      const admin = { availability: word, reason: 'moved', by: 'ann', at: 1, until: null };
      const effective = effectiveAvailability(says(own, RULES.load), admin);
      expect(compareAvailability(effective.availability, own)).toBeLessThanOrEqual(0);
      expect(effective.rule).toBe(compareAvailability(word, own) < 0 ? RULES.masterAdmin : RULES.load);
      expect(effectiveAvailability(says(own, RULES.load), null).availability).toBe(own);
    }),
  );
});

test('a verdict reads as one line that names its rule', () => {
  const verdict = { ...says('unavailable', "worker's admin"), reason: 'maintenance', until: 18 };
  const end = (at: number) => `until ${at}:00`;
  expect(verdictText(verdict, end)).toBe("unavailable (worker's admin: maintenance, until 18:00)");
  expect(verdictText({ ...verdict, reason: null, until: null }, end)).toBe("unavailable (worker's admin)");
  expect(verdictText(BY_DEFAULT, end)).toBe('eager');
});

test('an end is told as shortly as it is clear', () => {
  const now = new Date(2026, 10, 21, 9, 5).getTime();
  expect(untilText(new Date(2026, 10, 21, 18, 0).getTime(), now)).toBe('until 18:00');
  expect(untilText(new Date(2026, 10, 21, 9, 5, 20).getTime(), now)).toBe('until 09:05:20');
  expect(untilText(new Date(2026, 10, 23, 8, 0).getTime(), now)).toBe('until Mon 08:00');
  expect(untilText(new Date(2026, 11, 24, 8, 0).getTime(), now)).toBe('until 2026-12-24 08:00');
});
