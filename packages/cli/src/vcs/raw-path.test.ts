import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { displayPath, displayPaths, nulSeparated, nulTerminated, pathBytes, rawPathOf } from './raw-path.ts';

describe('a path as bytes', () => {
  test('comes back unchanged, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
        expect(new Uint8Array(pathBytes(rawPathOf(Buffer.from(bytes))))).toEqual(bytes);
      }),
    );
  });

  test('passes through a NUL-separated list', () => {
    const paths = ['a b', 'caf\xe9', 'new\nline'];
    expect(nulSeparated(nulTerminated(paths))).toEqual([...paths, '']);
  });
});

describe('a path for showing', () => {
  const raw = (text: string) => rawPathOf(Buffer.from(text));

  test.each([
    ['plain/name.c', 'plain/name.c'],
    [raw('ä ö/日本.txt'), 'ä ö/日本.txt'],
    ['caf\xe9', '"caf\\351"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['\u001b[31mred\n', '"\\033[31mred\\n"'],
    [raw('\u2028'), '"\\342\\200\\250"'],
  ])('%j is %s', (path, shown) => {
    expect(displayPath(path)).toBe(shown);
  });

  test('never holds a control character, and quoting loses nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (bytes) => {
        const path = rawPathOf(Buffer.from(bytes));
        const shown = displayPath(path);
        expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
        expect(shown.startsWith('"') ? unquotePath(shown) : raw(shown)).toBe(path);
      }),
    );
  });

  test('in a list gives way to a number', () => {
    expect(displayPaths(['a', 'b', 'c'], 2)).toBe('a, b and 1 more');
    expect(displayPaths(['a', 'b'], 2)).toBe('a, b');
  });
});

/** What git makes of its own quotes. */
function unquotePath(quoted: string): string {
  const letters: Record<string, string> = { a: '\x07', b: '\b', t: '\t', n: '\n', v: '\v', f: '\f', r: '\r' };
  return quoted
    .slice(1, -1)
    .replace(/\\([0-7]{3}|.)/gs, (_, code: string) =>
      code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (letters[code] ?? code),
    );
}
