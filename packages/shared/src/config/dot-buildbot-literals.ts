/**
 * The part of Python that Buildbot's old options files need: `name = literal`, where a literal is a text, a number, True,
 * False, None, or a flat list of these. Whatever else stands in a file is code, and ends the reading with its place.
 */

import type { ConfigEntry } from './dot-buildbot-settings.ts';

/** The assignments in their order, or the first place that is none. */
export type ReadAssignments =
  | { ok: true; entries: ConfigEntry[] }
  | { ok: false; line: number; column: number; message: string };

type Literal = string | number | boolean | null | Literal[];

const SPACE = /(?:[ \t\f]|\\\r?\n)*/y;
/** Inside brackets, and between assignments, Python also skips line ends and comments. */
const LOOSE_SPACE = /(?:\s|#[^\n]*(?:\n|$))*/y;
const LINE_END = /(?:#[^\n]*)?(?:\r?\n|;|$)/y;
const SEMICOLON = /;/y;
const COMMA = /,/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const ASSIGN = /=(?!=)/y;
const TEXT = /([rRuU]?)(?:"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)')/sy;
const NUMBER = /[+-]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?(?![A-Za-z0-9_])/y;
const WORD = /(True|False|None)(?![A-Za-z0-9_])/y;
const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ['True', true],
  ['False', false],
  ['None', null],
]);
const OPEN = /[[(]/y;
const CLOSE = { '[': /\]/y, '(': /\)/y } as const;
const ESCAPE = /\\(?:(\r?\n)|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/gs;
const ESCAPED: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
]);

/** Reads all of `text`, in linear time. */
export function readAssignments(text: string): ReadAssignments {
  const reader = new AssignmentReader(text.replace(/^\uFEFF/, ''));
  const entries: ConfigEntry[] = [];
  try {
    for (let entry = reader.next(); entry !== undefined; entry = reader.next()) entries.push(entry);
  } catch (error) {
    if (!(error instanceof NotLiteral)) throw error;
    return { ok: false, message: error.message, ...reader.place() };
  }
  return { ok: true, entries };
}

/** Interrupts the reading; never leaves this file. */
class NotLiteral extends Error {
  override readonly name = 'NotLiteral';
}

class AssignmentReader {
  readonly #text: string;
  #at = 0;
  /** Number and start of the last line that `place` looked at. */
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next assignment; undefined at the end of the file. */
  next(): ConfigEntry | undefined {
    do this.#take(LOOSE_SPACE);
    while (this.#take(SEMICOLON));
    if (this.#at === this.#text.length) return undefined;
    const place = this.place();
    const key = this.#take(NAME)?.[0] ?? fail('expected a name');
    this.#take(SPACE);
    if (!this.#take(ASSIGN)) fail('code is not run here: expected name = value');
    this.#take(SPACE);
    const value = this.#literal(SPACE) ?? this.#list();
    this.#take(SPACE);
    if (!this.#take(LINE_END)) fail('expected the end of the line after the value');
    return { key, value: value === NONE ? null : value, ...place };
  }

  /** Where the reader stands. Counts on from the last time, so that a long file is not counted anew for each name. */
  place(): { line: number; column: number } {
    let end = this.#text.indexOf('\n', this.#lineStart);
    for (; end !== -1 && end < this.#at; end = this.#text.indexOf('\n', this.#lineStart)) {
      this.#line++;
      this.#lineStart = end + 1;
    }
    return { line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  /** A text, number or word; undefined if none of these begins here. */
  #literal(space: RegExp): Literal | typeof NONE | undefined {
    const text = this.#texts(space);
    if (text !== undefined) return text;
    const number = this.#take(NUMBER)?.[0];
    if (number !== undefined) return Number(number);
    const word = this.#take(WORD)?.[0];
    return word === undefined ? undefined : (WORDS.get(word) ?? NONE);
  }

  #list(): Literal[] {
    const open = this.#take(OPEN)?.[0];
    if (open === undefined) return expectedLiteral();
    const close = open === '[' ? CLOSE['['] : CLOSE['('];
    const items: Literal[] = [];
    for (this.#take(LOOSE_SPACE); !this.#take(close); this.#take(LOOSE_SPACE)) {
      const item = this.#literal(LOOSE_SPACE) ?? expectedLiteral();
      items.push(item === NONE ? null : item);
      this.#take(LOOSE_SPACE);
      if (this.#take(COMMA)) continue;
      if (this.#take(close)) break;
      fail('expected a comma or the end of the list');
    }
    return items;
  }

  /** Python joins texts that stand beside one another. */
  #texts(space: RegExp): string | undefined {
    let whole: string | undefined;
    for (let part = this.#take(TEXT); part !== undefined; part = this.#take(TEXT)) {
      const [, prefix = '', double, single] = part;
      const inner = double ?? single ?? '';
      if (inner === '' && /["']/.test(this.#text[this.#at] ?? ''))
        fail('texts in three quotes are not read here');
      whole = (whole ?? '') + (/r/i.test(prefix) ? inner : withoutEscapes(inner));
      this.#take(space);
    }
    return whole;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text) ?? undefined;
    if (match !== undefined) this.#at = pattern.lastIndex;
    return match;
  }
}

/** Stands for `None`, which unlike `undefined` is something that was read. */
const NONE = Symbol('None');

function fail(message: string): never {
  throw new NotLiteral(message);
}

function expectedLiteral(): never {
  return fail('code is not run here: expected a text, number, True, False, None or a list of these');
}

function withoutEscapes(text: string): string {
  return text.replace(ESCAPE, (whole, lineEnd?: string, hex?: string, unicode?: string, other?: string) => {
    if (lineEnd !== undefined) return '';
    const code = hex ?? unicode;
    return code === undefined
      ? (ESCAPED.get(other ?? '') ?? whole)
      : String.fromCharCode(Number.parseInt(code, 16));
  });
}
