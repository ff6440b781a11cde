/**
 * File names as bytes. On most systems a name is any bytes but NUL and `/`, so decoding one as UTF-8 loses files.
 * Inside `vcs/` a path is therefore a `RawPath`, one character per byte, and is decoded only to be shown.
 */

/** A path whose characters are its bytes (latin1). Never show one: see `displayPath`. */
export type RawPath = string;

export function rawPathOf(bytes: Buffer): RawPath {
  return bytes.toString('latin1');
}

export function pathBytes(path: RawPath): Buffer {
  return Buffer.from(path, 'latin1');
}

/** Absolute path, in the form that `node:fs` takes, of a path below `folder`. */
export function absoluteBytes(folder: string, path: RawPath): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), pathBytes(path)]);
}

/** The parts of a `-z` output; the last one is empty unless the output was cut. */
export function nulSeparated(output: Buffer): string[] {
  return output.toString('latin1').split('\0');
}

/** NUL-terminated, as `-z --stdin` of git reads a list. */
export function nulTerminated(records: Iterable<string>): Buffer {
  let text = '';
  for (const record of records) text += `${record}\0`;
  return Buffer.from(text, 'latin1');
}

/** The path as a person reads it; with control characters or invalid UTF-8 it is quoted the way git quotes it. */
export function displayPath(path: RawPath): string {
  const text = decodeUtf8(pathBytes(path));
  const isPlain = text !== null && !/[\u0000-\u001f\u007f-\u009f"\\\u2028\u2029]/u.test(text);
  return isPlain ? text : `"${[...path].map(quoteByte).join('')}"`;
}

/** A list for a sentence: the first few names, then how many more there are. */
export function displayPaths(paths: readonly RawPath[], limit = 5): string {
  const shown = paths.slice(0, limit).map(displayPath).join(', ');
  return paths.length > limit ? `${shown} and ${paths.length - limit} more` : shown;
}

/** The text of valid UTF-8, else null. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
};

function quoteByte(byte: string): string {
  const letter = ESCAPES[byte];
  if (letter !== undefined) return letter;
  const code = byte.charCodeAt(0);
  return code >= 0x20 && code < 0x7f ? byte : `\\${code.toString(8).padStart(3, '0')}`;
}
