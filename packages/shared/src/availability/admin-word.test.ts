import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AVAILABILITIES } from '../model/entities.ts';
import { type AdminWord, formatAdminWord, parseAdminWord, remainingMs } from './admin-word.ts';

const time = fc.option(fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }), {
  nil: null,
});
const anyWord: fc.Arbitrary<AdminWord> = fc.record({
  availability: fc.constantFrom(...AVAILABILITIES),
  reason: fc.option(fc.string({ minLength: 1, maxLength: 200 }), { nil: null }),
  by: fc.option(fc.string({ minLength: 1, maxLength: 40 }), { nil: null }),
  at: time.map((date) => date?.getTime() ?? null),
  until: time.map((date) => date?.getTime() ?? null),
});

test('what was written is read', () => {
  fc.assert(
    fc.property(anyWord, (word) => {
      expect(parseAdminWord(formatAdminWord(word))).toEqual({ ok: true, word });
    }),
  );
});

test('one word alone, as older versions wrote it, is read', () => {
  const word = { availability: 'reluctant', reason: null, by: null, at: null, until: null };
  expect(parseAdminWord('reluctant\n')).toEqual({ ok: true, word });
});

test.each([
  ['busy', 'expected eager, reluctant, unavailable'],
  ['', 'expected eager'],
  ['{"availability":"no"}', 'availability: expected'],
  ['{"availability":"eager","until":"soon"}', 'until: not a time'],
  ['{"availability":"eager","at":17}', 'at: not a time'],
  ['{', 'not JSON'],
])('%s is refused', (text, reason) => {
  const parsed = parseAdminWord(text);
  expect(parsed.ok ? '' : parsed.reason).toContain(reason);
});

test('no text makes the reader throw', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseAdminWord(text)));
});

test('a word ends when it should, and a clock that was set back never gives it more than it had', () => {
  fc.assert(
    fc.property(fc.nat(1e9), fc.nat(1e9), fc.integer({ min: -1e9, max: 2e9 }), (at, length, now) => {
      const left = remainingMs({ at, until: at + length }, now) ?? -1;
      expect(left).toBeGreaterThanOrEqual(0);
      expect(left).toBeLessThanOrEqual(length);
      if (now >= at) expect(left).toBe(Math.max(0, at + length - now));
    }),
  );
  expect(remainingMs({ at: 5, until: null }, 1e12)).toBeNull();
});
