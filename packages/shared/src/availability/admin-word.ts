/**
 * What an admin said of a worker's availability, and how long it holds. The worker's own admin says it in the file
 * `BASEDIR/availability`, which is JSON, or one word as older versions wrote it.
 */
import { messageOf } from '../errors.ts';
import { AVAILABILITIES, type Availability } from '../model/entities.ts';

export interface AdminWord {
  availability: Availability;
  reason: string | null;
  /** Who said so, `null` when unknown. */
  by: string | null;
  /** When it was said, epoch milliseconds; `null` when unknown. */
  at: number | null;
  /** When it ends, epoch milliseconds; `null` for never. */
  until: number | null;
}

/** Name of the file in a worker's BASEDIR. */
export const ADMIN_FILE = 'availability';

/** Longest reason that is kept, in characters. */
export const MAX_REASON = 200;

export type ParsedAdminWord = { ok: true; word: AdminWord } | { ok: false; reason: string };

export function isAvailability(word: unknown): word is Availability {
  return (AVAILABILITIES as readonly unknown[]).includes(word);
}

/** Read the file's text. Never throws. */
export function parseAdminWord(text: string): ParsedAdminWord {
  const trimmed = text.trim();
  if (isAvailability(trimmed)) return { ok: true, word: { ...OPEN, availability: trimmed } };
  if (!trimmed.startsWith('{')) return { ok: false, reason: EXPECTED };
  try {
    return parseFields(JSON.parse(trimmed) as Record<string, unknown>);
  } catch (error) {
    return { ok: false, reason: `not JSON: ${messageOf(error)}` };
  }
}

const OPEN: Omit<AdminWord, 'availability'> = { reason: null, by: null, at: null, until: null };
const EXPECTED = `expected ${AVAILABILITIES.toReversed().join(', ')}`;

// Not zod: whoever only writes the file, once a minute from cron, need not load it (25 ms).
function parseFields(fields: Record<string, unknown>): ParsedAdminWord {
  const { availability } = fields;
  if (!isAvailability(availability)) return { ok: false, reason: `availability: ${EXPECTED}` };
  const [at, until] = [timeOf(fields.at), timeOf(fields.until)];
  if (at === undefined) return { ok: false, reason: 'at: not a time' };
  if (until === undefined) return { ok: false, reason: 'until: not a time' };
  return {
    ok: true,
    word: { availability, reason: textOf(fields.reason), by: textOf(fields.by), at, until },
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_REASON) : null;
}

/** `undefined` for what is no time. */
function timeOf(value: unknown): number | null | undefined {
  if (value === undefined || value === null) return null;
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** The text of the file; times as ISO 8601, for the people who look into it. */
export function formatAdminWord(word: AdminWord): string {
  const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  return `${JSON.stringify({ ...word, at: iso(word.at), until: iso(word.until) })}\n`;
}

/**
 * How much longer the word holds at wall-clock time `now`: `null` for ever, 0 when it has ended, milliseconds. Never more
 * than it was given in the first place, so that a clock that was set back does not prolong it by more.
 */
export function remainingMs({ at, until }: Pick<AdminWord, 'at' | 'until'>, now: number): number | null {
  if (until === null) return null;
  return Math.max(0, Math.min(until - now, at === null ? Number.POSITIVE_INFINITY : until - at));
}
