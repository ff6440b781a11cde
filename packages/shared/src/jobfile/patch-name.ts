/**
 * File names as patches write them: quoted in the manner of C, prefixed with folders to strip, split by a space that may
 * also be part of a name. Names are bytes; here each byte is one character of a string (latin1).
 */

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  '"': '"',
  '\\': '\\',
};
const QUOTED = /^"((?:[^"\\]|\\.)*)"/s;
const ESCAPE = /\\([0-3][0-7]{2}|.)/gs;

/** The longest `diff --git` line that is taken apart; two names of 4096 bytes with all bytes escaped fit. */
const MAX_PAIR = 40_000;

/**
 * A name at the start of `text` if it is quoted, with what follows the closing quote; undefined if the quoting is
 * damaged or absent.
 */
export function unquoteName(text: string): { name: string; rest: string } | undefined {
  const match = QUOTED.exec(text);
  if (match === null) return undefined;
  const [whole, inner = ''] = match;
  let isDamaged = false;
  const name = inner.replace(ESCAPE, (_, code: string) => {
    const character = code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : ESCAPES[code];
    isDamaged ||= character === undefined;
    return character ?? '';
  });
  return isDamaged ? undefined : { name, rest: text.slice(whole.length) };
}

/** The name without its first `level` folders, as `patch -p`; undefined if it does not have so many. */
export function stripName(name: string, level: number): string | undefined {
  let start = 0;
  for (let left = level; left > 0; left--) {
    start = name.indexOf('/', start) + 1;
    if (start === 0) return undefined;
  }
  return name.slice(start);
}

/**
 * The one name that both halves of `diff --git A B` have once stripped; undefined if they differ (a rename says its names
 * elsewhere) or cannot be told apart. Names with spaces make the line ambiguous, but only one split has equal halves.
 */
export function nameOfPair(pair: string, level: number): string | undefined {
  if (pair.length > MAX_PAIR) return undefined;
  const halves = splitQuoted(pair);
  if (halves === undefined) return nameOfPlainPair(pair, level);
  const [first, second] = halves.map((half) => stripName(half, level));
  return first === second ? first : undefined;
}

/** True if the halves are equal even before stripping, as `diff.noprefix` makes them. */
export function isUnprefixedPair(pair: string): boolean {
  return pair.length <= MAX_PAIR && nameOfPair(pair, 0) !== undefined;
}

/** Both names if at least one of them is quoted; undefined if none is. */
function splitQuoted(pair: string): [string, string] | undefined {
  const first = unquoteName(pair);
  if (first !== undefined) {
    const text = first.rest.slice(1);
    return [first.name, unquoteName(text)?.name ?? text];
  }
  // A name with a quote in it is always quoted itself, so the first quote opens the second name.
  const space = pair.indexOf(' "');
  const second = space === -1 ? undefined : unquoteName(pair.slice(space + 1));
  return second === undefined ? undefined : [pair.slice(0, space), second.name];
}

/**
 * Linear in the length of the pair, for a line of thousands of spaces must not take a square of them: as the split moves
 * to the right the first half only grows and the second only shrinks, so at most one split has halves of equal length.
 */
function nameOfPlainPair(pair: string, level: number): string | undefined {
  const slashes = [...pair.matchAll(/\//g)].map((match) => match.index);
  const start = level === 0 ? 0 : (slashes[level - 1] ?? pair.length) + 1;
  let passed = 0;
  for (let space = pair.indexOf(' ', start); space !== -1; space = pair.indexOf(' ', space + 1)) {
    while ((slashes[passed] ?? pair.length) < space) passed++;
    const secondStart = level === 0 ? space + 1 : (slashes[passed + level - 1] ?? pair.length) + 1;
    if (secondStart > pair.length) return undefined;
    if (space - start !== pair.length - secondStart) continue;
    const name = pair.slice(start, space);
    return name === pair.slice(secondStart) ? name : undefined;
  }
  return undefined;
}
