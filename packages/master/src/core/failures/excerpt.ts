/**
 * The lines of a log that say what went wrong, where no report of tests does: around the first line that names a place in the
 * source and an error, as compilers do, and the last lines. Where there is no such line, the last lines alone.
 */
import { locationIn } from '../test-results/location.ts';

export interface Excerpt {
  /** In their order. `number` counts from 0, as logs do. */
  lines: { number: number; text: string }[];
  /** Place that the first error names. */
  path: string | null;
  line: number | null;
}

/** Lines of a digest, at most. */
export const DIGEST_LINES = 20;
/** Lines at the end of a log in which the error is looked for. */
export const SEARCHED_LINES = 400;
const BEFORE = 2;
const LAST = 6;
const LINE_UNITS = 400;

const SERIOUS = /\b(?:error|fatal|fail(?:ed|ure)?|panic|assert\w*|expected|exception|undefined)\b/i;
const HARMLESS = /\b(?:warning|note|info)\b:/i;

/** `first` is the number of the first of `lines`, which are the end of a log. */
export function excerptOf(lines: readonly string[], first: number): Excerpt {
  const told = lines
    .map((text, index) => ({ number: first + index, text }))
    .filter(({ text }) => text.trim() !== '');
  const at = placeOf(told.map(({ text }) => text));
  const place = at === null ? null : locationIn(told[at]?.text ?? '');
  return {
    lines: chosen(told, at).map(({ number, text }) => ({ number, text: cut(text) })),
    path: place?.path ?? null,
    line: place?.line ?? null,
  };
}

/** The first error with a place, else the first place without a word of comfort. */
function placeOf(lines: readonly string[]): number | null {
  const places = lines.flatMap((text, index) =>
    locationIn(text) === null || HARMLESS.test(text) ? [] : [index],
  );
  return places.find((index) => SERIOUS.test(lines[index] ?? '')) ?? places[0] ?? null;
}

function chosen<T>(lines: readonly T[], at: number | null): T[] {
  const from = Math.max(0, (at ?? lines.length) - BEFORE);
  if (at === null || lines.length - from <= DIGEST_LINES) return lines.slice(-DIGEST_LINES);
  return [...lines.slice(from, from + DIGEST_LINES - LAST), ...lines.slice(-LAST)];
}

function cut(text: string): string {
  return text.length > LINE_UNITS ? `${text.slice(0, LINE_UNITS - 1)}…` : text;
}
