/**
 * Calendar rules: on these days, between these times of the wall clock in this time zone, a worker is reluctant or
 * unavailable. What the wall clock shows is what counts: a time that it shows twice (the end of summer time) is in the range
 * both times, one that it skips never is.
 */
import type { Availability } from '../model/entities.ts';
import { compareAvailability } from './verdict.ts';

/** Days from Monday, 0, to Sunday, 6. Minutes from midnight. */
export interface CalendarRule {
  days: ReadonlySet<number>;
  /** 0 to 1439. */
  from: number;
  /** 1 to 1440. Not after `from`: the range ends on the next day. */
  to: number;
  /** IANA name; `null` is the zone of the machine. */
  timezone: string | null;
  be: Exclude<Availability, 'eager'>;
  reason: string | null;
}

export interface CalendarState {
  availability: Availability;
  reason: string | null;
}

const MINUTE = 60_000;
const DAY_MINUTES = 1440;
const DAY = DAY_MINUTES * MINUTE;

/** A week later everything comes again, unless summer time skips it: two weeks show every change there is. */
const HORIZON = 15 * DAY;

/** The wall clock of one time zone. */
class WallClock {
  readonly #format: Intl.DateTimeFormat;

  constructor(timezone: string | null) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZoneName: 'longOffset',
      ...(timezone === null ? {} : { timeZone: timezone }),
    });
  }

  /** How far it is ahead of UTC at this instant. Milliseconds. */
  offset(instant: number): number {
    const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(this.#format.format(instant)) ?? [];
    const ms = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * MINUTE;
    return sign === '-' ? -ms : ms;
  }

  /** Day of the week and whole minute of the day. */
  read(instant: number): { day: number; minute: number } {
    const local = instant + this.offset(instant);
    // The epoch began on a Thursday.
    return {
      day: mod(Math.floor(local / DAY) + 3, 7),
      minute: Math.floor(mod(local, DAY) / MINUTE),
    };
  }

  /** The first instant after `instant`, up to `limit`, at which the offset is another one; `limit` when there is none. */
  nextShift(instant: number, limit: number): number {
    const before = this.offset(instant);
    if (this.offset(limit) === before) return limit;
    let [low, high] = [Math.floor(instant / MINUTE), Math.ceil(limit / MINUTE)];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offset(middle * MINUTE) === before) low = middle;
      else high = middle;
    }
    return high * MINUTE;
  }
}

function mod(value: number, modulus: number): number {
  return ((value % modulus) + modulus) % modulus;
}

/** Whether the wall clock is in the rule's range. */
function covers({ days, from, to }: CalendarRule, { day, minute }: { day: number; minute: number }): boolean {
  if (to > from) return days.has(day) && minute >= from && minute < to;
  // Over midnight: the evening of its own day, and the morning after one.
  return (days.has(day) && minute >= from) || (days.has(mod(day - 1, 7)) && minute < to);
}

/** The rules of one worker, ready to be asked. */
export class Calendar {
  readonly #rules: readonly { rule: CalendarRule; clock: WallClock }[];

  constructor(rules: readonly CalendarRule[]) {
    this.#rules = rules.map((rule) => ({ rule, clock: new WallClock(rule.timezone) }));
  }

  /** What holds at this instant: the lowest of the rules in whose range it is, the first of equals. */
  at(instant: number): CalendarState {
    let state: CalendarState = { availability: 'eager', reason: null };
    for (const { rule, clock } of this.#rules) {
      const isLower = compareAvailability(rule.be, state.availability) < 0;
      if (isLower && covers(rule, clock.read(instant))) {
        state = { availability: rule.be, reason: rule.reason };
      }
    }
    return state;
  }

  /** The first instant after `instant` at which something else holds; `null` when that never comes. */
  nextChange(instant: number): number | null {
    const now = this.at(instant);
    for (let next = this.#nextMark(instant); next <= instant + HORIZON; next = this.#nextMark(next)) {
      const then = this.at(next);
      if (then.availability !== now.availability || then.reason !== now.reason) return next;
    }
    return null;
  }

  /** The next instant at which any rule may begin or end: its wall clock shows one of its times, or is moved. */
  #nextMark(instant: number): number {
    const marks = this.#rules.map(({ rule, clock }) => {
      const { minute } = clock.read(instant);
      const waits = [rule.from, rule.to, DAY_MINUTES].map((time) => mod(time - minute - 1, DAY_MINUTES) + 1);
      const wholeMinute = Math.floor(instant / MINUTE) * MINUTE;
      return clock.nextShift(instant, wholeMinute + Math.min(...waits) * MINUTE);
    });
    return Math.min(...marks, Number.POSITIVE_INFINITY);
  }
}
