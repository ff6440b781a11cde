import { expect, test } from 'vitest';
import type { Availability } from '../model/entities.ts';
import { BY_DEFAULT, lowestVerdict, untilText, verdictText } from './verdict.ts';

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
  expect(untilText(new Date(2026, 10, 23, 8, 0).getTime(), now)).toBe('until Mon 08:00');
  expect(untilText(new Date(2026, 11, 24, 8, 0).getTime(), now)).toBe('until 2026-12-24 08:00');
});
