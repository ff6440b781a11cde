import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth, truncateToWidth } from './width.ts';

describe('displayWidth', () => {
  it.each([
    ['', 0],
    ['linux-arm64', 11],
    ['Größe', 5],
    ['Gro\u0308\u00dfe', 5],
    ['漢字', 4],
    ['한국어', 6],
    ['ｆｕｌｌ', 8],
    ['✔ ok', 4],
    ['✅ ok', 5],
    ['👩‍👩‍👧', 2],
    ['🇩🇪', 2],
    ['❤️', 2],
    ['… ▏█ ├─', 7],
    ['\x1b[31mred\x1b[0m', 3],
    ['\u200b', 0],
  ])('measures %j as %i columns', (text, columns) => {
    expect(displayWidth(text)).toBe(columns);
  });
});

describe('truncateToWidth', () => {
  it.each([
    ['linux-arm64', 20, 'linux-arm64'],
    ['linux-arm64', 11, 'linux-arm64'],
    ['linux-arm64', 6, 'linux…'],
    ['漢字漢字', 6, '漢字…'],
    ['漢字', 3, '漢…'],
    ['漢字', 2, '…'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
    ['👩‍👩‍👧👩‍👩‍👧', 3, '👩‍👩‍👧…'],
  ])('cuts %j to %i columns', (text, columns, cut) => {
    expect(truncateToWidth(text, columns)).toBe(cut);
  });

  it('never gives more columns than asked, keeps what fits, and cuts no character in two', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'é', '漢', '👩‍👩‍👧', 'e\u0301', '🇩🇪'),
      maxLength: 30,
    });
    fc.assert(
      fc.property(text, fc.nat({ max: 40 }), (whole, columns) => {
        const cut = truncateToWidth(whole, columns);
        const isWhole = cut === whole;
        return (
          displayWidth(cut) <= columns && cut.isWellFormed() && (isWhole || displayWidth(whole) > columns)
        );
      }),
    );
  });

  it('does not measure a huge name to its end', () => {
    expect(truncateToWidth('x'.repeat(50_000_000), 5)).toBe('xxxx…');
  });
});
