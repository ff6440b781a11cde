/**
 * Durations as people write them: `30s`, `2m45s`, `1h05m`, `2d03h`. Printing shows the two largest units and cuts the
 * rest, so that an elapsed time is never shown before it is reached.
 */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The longest duration that is accepted: ten years. More is a slip of the keyboard. */
export const MAX_DURATION_MS = 3650 * DAY;

const UNIT_MS: Readonly<Record<string, number>> = { d: DAY, h: HOUR, m: MINUTE, s: SECOND, ms: 1 };
const PART = /(\d+(?:\.\d+)?)(ms|[dhms])/y;

/** What `parseDuration` made of a text: whole milliseconds, or one sentence that says what is wrong. */
export type ParsedDuration = { ok: true; ms: number } | { ok: false; reason: string };

/**
 * Prints a duration given in milliseconds. Below one second tenths are shown (`0.4s`, never `0.0s` for something that
 * took time at all); a negative or undefined length, as a clock that was set back yields, is `0s`.
 */
export function formatDuration(ms: number): string {
  if (!(ms > 0)) return '0s';
  if (ms < SECOND) return `0.${Math.max(1, Math.floor(ms / 100))}s`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)}s`;
  if (ms < HOUR) return pair(ms, MINUTE, 'm', SECOND, 's');
  if (ms < DAY) return pair(ms, HOUR, 'h', MINUTE, 'm');
  return pair(ms, DAY, 'd', HOUR, 'h');
}

function pair(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)}${largeName}${String(rest).padStart(2, '0')}${smallName}`;
}

/**
 * Reads `2m45s`, `1h05m`, `30s`, `500ms`, `1.5h`; a number alone is seconds. Units go from large to small, each at most
 * once; only the last part may have a fraction.
 */
export function parseDuration(text: string): ParsedDuration {
  const trimmed = text.trim();
  const ms = /^\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) * SECOND : sumOfParts(trimmed);
  if (ms === undefined) return refused(text);
  if (!(ms <= MAX_DURATION_MS))
    return { ok: false, reason: `the duration '${short(text)}' is over ten years` };
  return { ok: true, ms: Math.round(ms) };
}

function sumOfParts(text: string): number | undefined {
  let total = 0;
  let previous = Number.POSITIVE_INFINITY;
  let fraction = false;
  for (let at = 0; at < text.length || at === 0; at = PART.lastIndex) {
    PART.lastIndex = at;
    const [, amount = '', unit = ''] = PART.exec(text) ?? [];
    const size = UNIT_MS[unit];
    if (size === undefined || size >= previous || fraction) return undefined;
    total += Number(amount) * size;
    previous = size;
    fraction = amount.includes('.');
  }
  return total;
}

function refused(text: string): ParsedDuration {
  return {
    ok: false,
    reason: `'${short(text)}' is not a duration: expected one like 30s, 2m45s, 1h05m or 1.5h`,
  };
}

function short(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
