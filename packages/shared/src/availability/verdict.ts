/**
 * May a worker be used? Several rules have a word in it (its own admin, its calendar, its load, the master's admin); the
 * lowest word wins, and whoever shows the outcome names the rule that decided.
 */
import { AVAILABILITIES, type Availability } from '../model/entities.ts';
import type { AdminWord } from './admin-word.ts';

/** What one rule says, or what came of all of them. */
export interface AvailabilityVerdict {
  availability: Availability;
  /** Which rule said so. */
  rule: string;
  /** In the words of whoever made the rule speak. From outside: sanitise before showing. */
  reason: string | null;
  /** When this ends as far as is known, epoch milliseconds; `null` for open. */
  until: number | null;
}

/** The rules by the names that people read, in the order in which they are asked. */
export const RULES = {
  workerAdmin: "worker's admin",
  calendar: "worker's calendar",
  load: "worker's load",
  masterAdmin: "master's admin",
} as const;

/** What holds where no rule has a word. */
export const BY_DEFAULT: AvailabilityVerdict = {
  availability: 'eager',
  rule: 'default',
  reason: null,
  until: null,
};

/** What the master's admin says, as a rule among the others. */
function masterAdminVerdict(word: Pick<AdminWord, 'availability' | 'reason' | 'until'>) {
  const { availability, reason, until } = word;
  return { availability, rule: RULES.masterAdmin, reason, until };
}

/** What counts of all that is said about a worker. */
export function effectiveAvailability(
  own: AvailabilityVerdict,
  admin: AdminWord | null,
): AvailabilityVerdict {
  return lowestVerdict([own, ...(admin === null ? [] : [masterAdminVerdict(admin)])]);
}

/** Negative when `a` is lower: lends the worker out less. */
export function compareAvailability(a: Availability, b: Availability): number {
  return AVAILABILITIES.indexOf(a) - AVAILABILITIES.indexOf(b);
}

/** The lowest of all; of equals the first. Of none the default. */
export function lowestVerdict(verdicts: readonly AvailabilityVerdict[]): AvailabilityVerdict {
  return verdicts.reduce(
    (lowest, next) => (compareAvailability(next.availability, lowest.availability) < 0 ? next : lowest),
    verdicts[0] ?? BY_DEFAULT,
  );
}

/** `unavailable (worker's admin: maintenance, until 18:00)`; `end` is how the caller words `until`. */
export function verdictText(verdict: AvailabilityVerdict, end: (at: number) => string): string {
  const { availability, rule, reason, until } = verdict;
  if (rule === BY_DEFAULT.rule) return availability;
  const why = reason === null || reason === '' ? rule : `${rule}: ${reason}`;
  return `${availability} (${why}${until === null ? '' : `, ${end(until)}`})`;
}

/** `until 18:00`, `until Mon 08:00`, `until 2026-12-24 08:00`, on the clock of the machine that shows it. */
export function untilText(at: number, now: number): string {
  const [end, today] = [new Date(at), new Date(now)];
  const isSoon = at > now && at - now < HOUR_MS;
  const time = `${pad(end.getHours())}:${pad(end.getMinutes())}${isSoon ? `:${pad(end.getSeconds())}` : ''}`;
  const days = Math.round((midnight(end) - midnight(today)) / 86_400_000);
  if (days === 0) return `until ${time}`;
  if (days > 0 && days < 7) return `until ${WEEKDAYS[end.getDay()]} ${time}`;
  return `until ${end.getFullYear()}-${pad(end.getMonth() + 1)}-${pad(end.getDate())} ${time}`;
}

const HOUR_MS = 3_600_000;

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

function pad(number: number): string {
  return String(number).padStart(2, '0');
}

function midnight(date: Date): number {
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
}
