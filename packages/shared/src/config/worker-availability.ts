/** The part of `worker.yaml` that says when a worker may be used: rules of the calendar, and one about its load. */
import * as z from 'zod';
import { MAX_REASON } from '../availability/admin-word.ts';
import type { CalendarRule } from '../availability/calendar.ts';
import { boundedDuration } from '../text/duration-schema.ts';
import { nearest } from '../text/nearest.ts';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const EVERY_DAY: ReadonlySet<number> = new Set(DAYS.keys());

/** `mon-fri`, `sat`, `fri-mon`; several separated by commas. `null` for anything else. */
function parseDays(text: string): number[] | null {
  const days: number[] = [];
  for (const part of text.toLowerCase().split(',')) {
    const [first = '', last = first, more] = part.trim().split('-');
    const [from, to] = [DAYS.indexOf(first.trim()), DAYS.indexOf(last.trim())];
    if (from < 0 || to < 0 || more !== undefined) return null;
    for (let day = from; ; day = (day + 1) % 7) {
      days.push(day);
      if (day === to) break;
    }
  }
  return days;
}

const daysSchema = z
  .union([z.string(), z.array(z.string()).min(1)])
  .transform((value, context): ReadonlySet<number> => {
    const days = parseDays([value].flat().join(','));
    if (days !== null) return new Set(days);
    context.addIssue({ code: 'custom', message: `expected days such as mon-fri or sat,sun` });
    return z.NEVER;
  });

/** `08:00`; gives minutes from midnight. */
const timeSchema = z
  .string()
  .regex(/^(?:[01]?\d|2[0-3]):[0-5]\d$|^24:00$/, 'expected a time such as 08:00, in quotes')
  .transform((text) => Number(text.split(':')[0]) * 60 + Number(text.split(':')[1]));

const timezoneSchema = z.string().superRefine((name, context) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch {
    const near = nearest(name, Intl.supportedValuesOf('timeZone'));
    const hint = near === undefined ? 'expected one such as Europe/Berlin' : `did you mean "${near}"?`;
    context.addIssue({ code: 'custom', message: `unknown time zone "${name}", ${hint}` });
  }
});

const lowered = z.enum(['reluctant', 'unavailable']).meta({ description: 'What the worker is then.' });

/** A rule as people write it. */
export const calendarFieldsSchema = z.strictObject({
  days: daysSchema
    .optional()
    .meta({ description: 'On which the range begins: mon-fri, or sat,sun. Default: every day.' }),
  from: timeSchema.prefault('00:00').meta({ description: 'When it begins, by the wall clock.' }),
  to: timeSchema
    .prefault('24:00')
    .meta({ description: 'When it ends. A time before from is one of the next day.' }),
  timezone: timezoneSchema
    .optional()
    .meta({ description: "Whose wall clock, as in Europe/Berlin or UTC. Default: the machine's." }),
  be: lowered,
  reason: z.string().max(MAX_REASON).optional().meta({ description: 'For people to see.' }),
});

const calendarRuleSchema = calendarFieldsSchema
  .refine(({ from, to }) => from !== to, {
    path: ['to'],
    message: 'the range is empty: from and to are equal',
  })
  .transform(
    ({ days = EVERY_DAY, timezone = null, reason = null, ...rule }): CalendarRule => ({
      ...rule,
      ...{ days, timezone, reason },
    }),
  );

/** How far the load must fall before the worker is as it was, if the file does not say. */
const DEFAULT_BELOW = 0.75;

const loadRuleSchema = z
  .strictObject({
    above: z
      .number()
      .positive()
      .meta({ description: 'Load average (1 min) per processor that is too much.' }),
    for: boundedDuration({ from: '0s', to: '1d', why: 'more never comes true' })
      .default(120_000)
      .meta({ description: 'How long it must be.' }),
    below: z
      .number()
      .positive()
      .optional()
      .meta({ description: 'Load at which the worker is as before. Default: three quarters of above.' }),
    be: lowered,
  })
  .refine(({ above, below = 0 }) => below < above, { path: ['below'], message: 'must be less than above' })
  .transform(({ above, for: forMs, below = above * DEFAULT_BELOW, be }) => ({ above, forMs, below, be }));

/** Too high for too long: lend the machine out less until it has calmed down. Loads are per processor. */
export type LoadRule = z.infer<typeof loadRuleSchema>;

export const workerAvailabilitySchema = z.strictObject({
  calendar: z
    .array(calendarRuleSchema)
    .default([])
    .meta({ description: 'Times at which the worker is lent out less.' }),
  load: loadRuleSchema.optional().meta({ description: 'Lend it out less while the machine is busy.' }),
});

export type WorkerAvailability = z.infer<typeof workerAvailabilitySchema>;
