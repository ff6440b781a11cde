/**
 * A look at JSON from strangers before `JSON.parse` sees it, in one pass over the bytes and in memory bounded by the
 * limits: 50 MB of `[` would become gigabytes of arrays, a repeated key would silently win over the first, and
 * `__proto__` must not get near an object. Whether it is JSON at all stays `JSON.parse`'s to say.
 */

import { FORBIDDEN_NAMES } from '../model/property.ts';

/** Containers inside one another. */
export const MAX_JSON_DEPTH = 32;
/** Values in all. */
export const MAX_JSON_VALUES = 100_000;
/** Bytes of a key, as written. */
const MAX_KEY_BYTES = 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** The reason to refuse the text, or undefined. */
export function guardJson(bytes: Uint8Array): string | undefined {
  /** One entry for each open container: the keys of an object, null for an array. */
  const open: (Set<string> | null)[] = [];
  let isKeyNext = false;
  let values = 0;
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (open.length === MAX_JSON_DEPTH) return `nested more than ${MAX_JSON_DEPTH} levels deep`;
        if (++values > MAX_JSON_VALUES) return `more than ${MAX_JSON_VALUES} values`;
        isKeyNext = bytes[at] === OPEN_BRACE;
        open.push(isKeyNext ? new Set() : null);
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        open.pop();
        isKeyNext = false;
        break;
      case COMMA:
        if (++values > MAX_JSON_VALUES) return `more than ${MAX_JSON_VALUES} values`;
        isKeyNext = open.at(-1) instanceof Set;
        break;
      case QUOTE: {
        const end = endOfString(bytes, at);
        const reason = isKeyNext ? keyProblem(bytes.subarray(at, end), open.at(-1)) : undefined;
        if (reason !== undefined) return reason;
        isKeyNext = false;
        at = end - 1;
        break;
      }
    }
  }
  return undefined;
}

/** The place after the closing quote of the string that opens at `start`; the end of the bytes if there is none. */
function endOfString(bytes: Uint8Array, start: number): number {
  for (let quote = bytes.indexOf(QUOTE, start + 1); quote !== -1; quote = bytes.indexOf(QUOTE, quote + 1)) {
    let backslashes = 0;
    while (bytes[quote - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return bytes.length;
}

function keyProblem(written: Uint8Array, known: Set<string> | null | undefined): string | undefined {
  if (written.length > MAX_KEY_BYTES) return `a key of more than ${MAX_KEY_BYTES} bytes`;
  const key = unescapeKey(new TextDecoder().decode(written));
  if (FORBIDDEN_NAMES.has(key)) return `the key '${key}' is not allowed`;
  if (known?.has(key)) return `the key ${JSON.stringify(key)} comes twice`;
  known?.add(key);
  return undefined;
}

function unescapeKey(written: string): string {
  try {
    const key: unknown = JSON.parse(written);
    return typeof key === 'string' ? key : written;
  } catch {
    return written;
  }
}
