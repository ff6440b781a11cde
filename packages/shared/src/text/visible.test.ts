import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPrintableLine, sanitizeName, visibleForm } from './visible.ts';

describe('sanitizeName', () => {
  it.each([
    ['linux-arm64', 'linux-arm64'],
    ['Größe 漢字 ❤️', 'Größe 漢字 ❤️'],
    ['two\nlines\r\tand', 'two␊lines␍␉and'],
    ['\x1b]0;owned\x07', '␛]0;owned␇'],
    ['\x1b[31mred', '␛[31mred'],
    ['\x9b31m', '<U+009B>31m'],
    ['nul\0 del\x7f', 'nul␀ del␡'],
    ['a\u202ecba', 'a<U+202E>cba'],
    ['zero\u200bwidth\u200d\ufeff', 'zero<U+200B>width<U+200D><U+FEFF>'],
    ['line\u2028separator', 'line<U+2028>separator'],
    ['tag\u{e0041}', 'tag<U+E0041>'],
    ['half \ud800 pair', 'half \ufffd pair'],
  ])('shows %j as %j', (text, shown) => {
    expect(sanitizeName(text)).toBe(shown);
  });

  it('cuts a long name without cutting a character', () => {
    expect(sanitizeName('abcdef', { maxLength: 4 })).toBe('abc…');
    expect(sanitizeName('ab😀😀', { maxLength: 4 })).toBe('ab…');
    expect(sanitizeName('abcd', { maxLength: 4 })).toBe('abcd');
    expect(sanitizeName('\x1b'.repeat(10_000_000)).length).toBe(1000);
  });

  it('gives one printable line within the length for any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.integer({ min: 1, max: 80 }),
        (text, maxLength) => {
          const shown = sanitizeName(text, { maxLength });
          return isPrintableLine(shown) && shown.length <= maxLength;
        },
      ),
    );
  });

  it('leaves no character of the classes that hide or move, over all of Unicode', () => {
    const dangerous =
      /[\p{Control}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Surrogate}]|[\u200b-\u200f\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/u;
    for (let code = 0; code <= 0x10ffff; code++) {
      const shown = sanitizeName(String.fromCodePoint(code));
      if (shown === '' || dangerous.test(shown)) expect.fail(`U+${code.toString(16)} came through`);
    }
  });
});

describe('isPrintableLine', () => {
  it('agrees with sanitizeName on what needs no change', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 20 }),
        (text) => isPrintableLine(text) === (sanitizeName(text) === text),
      ),
    );
  });
});

describe('visibleForm', () => {
  it('never gives an unsafe character back', () => {
    for (let code = 0; code < 0x20; code++)
      expect(isPrintableLine(visibleForm(String.fromCharCode(code)))).toBe(true);
  });
});
