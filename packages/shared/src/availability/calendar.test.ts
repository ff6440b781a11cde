/** The oracle walks minute by minute and reads the wall clock in another way than the code does. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Calendar, type CalendarRule } from './calendar.ts';

const MINUTE = 60_000;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const EVERY_DAY = new Set(WEEKDAYS.keys());

const rule = (change: Partial<CalendarRule>): CalendarRule => ({
  ...{ days: EVERY_DAY, from: 0, to: 1440, timezone: 'UTC', be: 'reluctant', reason: null },
  ...change,
});
const minutes = (hours: number, more = 0) => hours * 60 + more;
const weekdays = new Set([0, 1, 2, 3, 4]);

test('reluctant on weekdays from 8 to 18 in Berlin', () => {
  const calendar = new Calendar([
    rule({ days: weekdays, from: minutes(8), to: minutes(18), timezone: 'Europe/Berlin', reason: 'office' }),
  ]);
  const friday = Date.parse('2026-11-20T07:30+01:00');
  expect(calendar.at(friday)).toEqual({ availability: 'eager', reason: null });
  const eight = Date.parse('2026-11-20T08:00+01:00');
  expect(calendar.nextChange(friday)).toBe(eight);
  expect(calendar.at(eight)).toEqual({ availability: 'reluctant', reason: 'office' });
  const six = Date.parse('2026-11-20T18:00+01:00');
  expect(calendar.nextChange(eight)).toBe(six);
  expect(calendar.nextChange(six)).toBe(Date.parse('2026-11-23T08:00+01:00'));
});

test('a range over midnight belongs to the day on which it begins', () => {
  const calendar = new Calendar([rule({ days: new Set([4]), from: minutes(22), to: minutes(6) })]);
  const at = (text: string) => calendar.at(Date.parse(`${text}Z`)).availability;
  expect(at('2026-11-20T05:00')).toBe('eager');
  expect(at('2026-11-20T22:00')).toBe('reluctant');
  expect(at('2026-11-21T05:59')).toBe('reluctant');
  expect(at('2026-11-21T06:00')).toBe('eager');
  expect(at('2026-11-21T22:00')).toBe('eager');
});

test('the lowest of two rules holds, and the first of equals gives the reason', () => {
  const calendar = new Calendar([
    rule({ reason: 'always' }),
    rule({ from: minutes(3), to: minutes(4), be: 'unavailable', reason: 'backup' }),
    rule({ reason: 'too late' }),
  ]);
  const three = Date.parse('2026-11-20T03:00Z');
  expect(calendar.at(three)).toEqual({ availability: 'unavailable', reason: 'backup' });
  expect(calendar.at(three - 1)).toEqual({ availability: 'reluctant', reason: 'always' });
  expect(calendar.nextChange(three)).toBe(three + 60 * MINUTE);
});

test('rules that hold always, or never, have no next change', () => {
  expect(new Calendar([]).nextChange(0)).toBeNull();
  expect(new Calendar([rule({})]).nextChange(0)).toBeNull();
});

test('a range that summer time skips comes a week later, and one that it repeats comes twice', () => {
  const zone = { timezone: 'Europe/Berlin', days: new Set([6]) };
  const skipped = new Calendar([rule({ ...zone, from: minutes(2), to: minutes(3) })]);
  const saturday = Date.parse('2026-03-28T12:00Z');
  expect(skipped.nextChange(saturday)).toBe(Date.parse('2026-04-05T02:00+02:00'));
  const twice = new Calendar([rule({ ...zone, from: minutes(2), to: minutes(2, 30) })]);
  const changes = [Date.parse('2026-10-24T12:00Z')];
  for (let n = 0; n < 4; n++) changes.push(twice.nextChange(changes.at(-1) ?? 0) ?? 0);
  expect(changes.slice(1)).toEqual(
    ['02:00+02:00', '02:30+02:00', '02:00+01:00', '02:30+01:00'].map((time) =>
      Date.parse(`2026-10-25T${time}`),
    ),
  );
});

/** Weekday and minute of the day as the zone's own clock shows them. */
function oracleClock(timezone: string): (instant: number) => { day: number; minute: number } {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    ...{ weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  });
  return (instant) => {
    const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
    return {
      day: WEEKDAYS.indexOf(parts.weekday ?? ''),
      minute: Number(parts.hour) * 60 + Number(parts.minute),
    };
  };
}

function oracle(rules: readonly CalendarRule[]): (instant: number) => string {
  const clocks = rules.map((one) => oracleClock(one.timezone ?? ''));
  return (instant) => {
    const said = rules.filter((one, index) => {
      const { day, minute } = clocks[index]?.(instant) ?? { day: 0, minute: 0 };
      const yesterday = (day + 6) % 7;
      if (one.from < one.to) return one.days.has(day) && one.from <= minute && minute < one.to;
      return (one.days.has(day) && minute >= one.from) || (one.days.has(yesterday) && minute < one.to);
    });
    if (said.some(({ be }) => be === 'unavailable')) return 'unavailable';
    return said.length > 0 ? 'reluctant' : 'eager';
  };
}

const anyRule = fc
  .record({
    days: fc.uniqueArray(fc.nat({ max: 6 }), { minLength: 1 }).map((days) => new Set(days)),
    from: fc.oneof(fc.constantFrom(0, 60, 120, 150, 180), fc.nat({ max: 1439 })),
    to: fc.oneof(fc.constantFrom(60, 120, 150, 180, 1440), fc.integer({ min: 1, max: 1440 })),
    timezone: fc.constantFrom(
      'UTC',
      'Europe/Berlin',
      'America/St_Johns',
      'Australia/Lord_Howe',
      'Asia/Kathmandu',
    ),
    be: fc.constantFrom('reluctant' as const, 'unavailable' as const),
    reason: fc.constant(null),
  })
  .filter(({ from, to }) => from !== to);

/** Around the ends of summer time in each of the zones, and a plain day. */
const anyStart = fc
  .constantFrom(
    '2026-03-29',
    '2026-10-25',
    '2026-03-08',
    '2026-11-01',
    '2026-04-04',
    '2026-10-03',
    '2026-11-21',
  )
  .chain((day) => fc.integer({ min: -720, max: 1440 }).map((offset) => Date.parse(day) + offset * MINUTE));

test('agrees with a walk minute by minute, also about when the next change comes', () => {
  fc.assert(
    fc.property(fc.array(anyRule, { minLength: 1, maxLength: 3 }), anyStart, (rules, start) => {
      const calendar = new Calendar(rules);
      const expected = oracle(rules);
      const now = expected(start);
      expect(calendar.at(start).availability).toBe(now);
      const next = calendar.nextChange(start) ?? Number.POSITIVE_INFINITY;
      const end = start + 30 * 60 * MINUTE;
      for (let instant = start; instant < Math.min(next, end); instant += MINUTE) {
        if (expected(instant) !== now) throw new Error(`missed ${new Date(instant).toISOString()}`);
      }
      if (next < end) expect(expected(next)).not.toBe(now);
    }),
    { numRuns: 60 },
  );
});

test('an instant within a minute is like its minute', () => {
  const calendar = new Calendar([rule({ from: minutes(8), to: minutes(9) })]);
  const eight = Date.parse('2026-11-20T08:00Z');
  expect(calendar.at(eight - 1).availability).toBe('eager');
  expect(calendar.at(eight + 59_999).availability).toBe('reluctant');
  expect(calendar.nextChange(eight - 1)).toBe(eight);
  expect(calendar.nextChange(eight + 1)).toBe(eight + 60 * MINUTE);
});
