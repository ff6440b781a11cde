/**
 * Where in a configuration written as code a value stands. The path is followed through the literals of the default
 * export as they are written; where it leaves them (a variable, a call, a spread) the place of the last key that could
 * be followed is as near as the text alone can tell.
 */
import type { FilePlace, Position } from '@buildbot/shared';

type Places = NonNullable<FilePlace['source']>;
type Path = readonly PropertyKey[];

/** One piece of source text that counts: a word, a number, a string or a mark. */
interface Token {
  text: string;
  offset: number;
}

/** Comments and space, then what a literal is made of. A regular expression or template reads as marks and words. */
const TOKEN =
  /(?:\s|\/\/[^\n]*|\/\*.*?\*\/)+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[\p{L}\p{N}_$]+|./gsu;

const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']', '(': ')' };

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(TOKEN)) {
    if (/^(?:\s|\/[/*])/.test(match[0])) continue;
    tokens.push({ text: match[0], offset: match.index });
  }
  return tokens;
}

/** Index of the token behind the value that begins at `from`: its comma, or the mark that closes its parent. */
function endOfValue(tokens: readonly Token[], from: number): number {
  const open: string[] = [];
  for (let at = from; at < tokens.length; at++) {
    const text = tokens[at]?.text ?? '';
    const closing = CLOSING[text];
    if (open.length === 0 && (text === ',' || text === '}' || text === ']' || text === ')')) return at;
    if (closing !== undefined) open.push(closing);
    else if (text === open.at(-1)) open.pop();
  }
  return tokens.length;
}

interface Member {
  /** Index of the token that names it; of an element of a list that of its value. */
  key: number;
  value: number;
}

/** The member of the literal that begins at `from`, `null` when it is not written there. */
function memberOf(tokens: readonly Token[], from: number, key: PropertyKey): Member | null {
  const opening = tokens[from]?.text;
  if (opening !== '{' && opening !== '[') return null;
  for (let at = from + 1, index = 0; at < tokens.length && tokens[at]?.text !== CLOSING[opening]; index++) {
    // What is spread into a list moves all that follows.
    if (opening === '[' && tokens[at]?.text === '.') return null;
    const isPair = opening === '{' && tokens[at + 1]?.text === ':';
    const name = isPair ? nameOf(tokens[at]?.text ?? '') : opening === '[' ? String(index) : null;
    const value = isPair ? at + 2 : at;
    if (name === String(key)) return { key: at, value };
    const end = endOfValue(tokens, value);
    at = tokens[end]?.text === ',' ? end + 1 : end;
  }
  return null;
}

function nameOf(text: string): string {
  return /^["'`]/.test(text) ? text.slice(1, -1) : text;
}

/** Where the default export's value begins: behind `export default`, and behind the call that may be around it. */
function beginning(tokens: readonly Token[]): number {
  const found = tokens.findIndex(({ text }, at) => text === 'export' && tokens[at + 1]?.text === 'default');
  if (found < 0) return tokens.length;
  const isCall = tokens[found + 3]?.text === '(';
  return found + (isCall ? 4 : 2);
}

/** Places in this source text, for the problems of the data it exports. */
export function codePlaces(text: string): Places {
  const tokens = tokensOf(text);
  const walk = (path: Path, wantKey: boolean): Position => {
    let from = beginning(tokens);
    let best = tokens[from]?.offset ?? 0;
    for (const [depth, key] of path.entries()) {
      const member = memberOf(tokens, from, key);
      if (member === null) break;
      const isWanted = wantKey && depth === path.length - 1;
      best = tokens[isWanted ? member.key : member.value]?.offset ?? best;
      from = member.value;
    }
    return positionAt(text, best);
  };
  return { locate: (path) => walk(path, false), locateKey: (path) => walk(path, true) };
}

function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
