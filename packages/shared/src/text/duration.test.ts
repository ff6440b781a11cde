import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, MAX_DURATION_MS, parseDuration } from './duration.ts';
import { durationSchema } from './duration-schema.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [3, '0.1s'],
    [400, '0.4s'],
    [999, '0.9s'],
    [1000, '1s'],
    [30_000, '30s'],
    [59_999, '59s'],
    [MINUTE, '1m00s'],
    [2 * MINUTE + 45_000, '2m45s'],
    [HOUR - 1, '59m59s'],
    [HOUR + 5 * MINUTE + 59_000, '1h05m'],
    [DAY - 1, '23h59m'],
    [2 * DAY + 3 * HOUR, '2d03h'],
    [400 * DAY, '400d00h'],
  ])('prints %i ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('prints a length that cannot be as 0s, because clocks are set back', () => {
    expect([-1, Number.NaN, -0].map(formatDuration)).toEqual(['0s', '0s', '0s']);
  });
});

describe('parseDuration', () => {
  it.each([
    ['2m45s', 165_000],
    ['1h05m', 65 * MINUTE],
    ['30s', 30_000],
    ['1.5h', 90 * MINUTE],
    ['90', 90_000],
    ['0.25', 250],
    ['500ms', 500],
    ['1d2h3m4s5ms', DAY + 2 * HOUR + 3 * MINUTE + 4005],
    ['1h0.5m', HOUR + 30_000],
    [' 20m ', 20 * MINUTE],
    ['0', 0],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toEqual({ ok: true, ms });
  });

  it.each([
    '',
    ' ',
    's',
    '-5',
    '-5s',
    '5x',
    '5 m',
    '1s1m',
    '1m1m',
    '1.5h30m',
    '1e3',
    '0x10',
    '５s',
    '1.',
    '.5',
    '1h-5m',
    'NaN',
    '2m45',
  ])('refuses %j and says what is expected', (text) => {
    const parsed = parseDuration(text);
    expect(parsed.ok).toBe(false);
    expect(parsed).toHaveProperty('reason', expect.stringContaining('expected one like'));
  });

  it('refuses more than ten years', () => {
    expect(parseDuration('3650d').ok).toBe(true);
    expect(parseDuration('3651d')).toEqual({ ok: false, reason: "the duration '3651d' is over ten years" });
    expect(parseDuration('9'.repeat(400)).ok).toBe(false);
  });

  it('reads back every printed duration, short of it by less than the smaller unit shown', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: MAX_DURATION_MS }), (ms) => {
        const parsed = parseDuration(formatDuration(ms));
        if (!parsed.ok) return false;
        const unit = ms < 1000 ? 100 : ms < HOUR ? 1000 : ms < DAY ? MINUTE : HOUR;
        return parsed.ms <= ms && ms - parsed.ms < unit && formatDuration(parsed.ms) === formatDuration(ms);
      }),
    );
  });

  it('never throws and never yields anything but whole milliseconds in range', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.dhms]*$/)), (text) => {
        const parsed = parseDuration(text);
        return !parsed.ok || (Number.isInteger(parsed.ms) && parsed.ms >= 0 && parsed.ms <= MAX_DURATION_MS);
      }),
    );
  });
});

describe('durationSchema', () => {
  it('takes a text, or a number of seconds', () => {
    expect(durationSchema.parse('20m')).toBe(20 * MINUTE);
    expect(durationSchema.parse(1.5)).toBe(1500);
    expect(durationSchema.parse(1e-7)).toBe(0);
  });

  it.each([-1, Number.POSITIVE_INFINITY, 1e300, 'soon', null])('refuses %s', (value) => {
    expect(durationSchema.safeParse(value).success).toBe(false);
  });

  it("carries the parser's own words to the user", () => {
    expect(durationSchema.safeParse('soon').error?.issues[0]?.message).toContain("'soon' is not a duration");
  });
});
