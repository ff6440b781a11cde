/**
 * How many terminal columns a text takes, and cutting it to fit: for columns of names. The rule is what today's terminals
 * do: East Asian wide and fullwidth characters and emoji take two columns, combining marks none.
 */

const PLAIN_ASCII = /^[\x20-\x7e]*$/;
const SGR = /\x1b\[[0-9;]*m/g;
const NO_COLUMN = /^[\p{Mark}\p{Control}\p{Default_Ignorable_Code_Point}\p{Surrogate}]+$/u;
const EMOJI = /\p{Emoji_Presentation}|\p{Emoji}\uFE0F/u;

/** First and last code points of East Asian Width W and F, Unicode 16 UAX 11, adjacent blocks joined. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x1b2ff],
  [0x1d300, 0x1d376],
  [0x20000, 0x3fffd],
];

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Columns the text takes on one line. Colour sequences take none. */
export function displayWidth(text: string): number {
  const plain = text.replace(SGR, '');
  if (PLAIN_ASCII.test(plain)) return plain.length;
  let width = 0;
  for (const { segment } of graphemes.segment(plain)) width += graphemeWidth(segment);
  return width;
}

/** The text if it fits into `columns`, else as much of it as fits with `…` at the end. Meant for text without colours. */
export function truncateToWidth(text: string, columns: number): string {
  // Nothing takes less than no column, but a name of a megabyte need not be measured to know that it is too long.
  const head =
    text.length > 1000 + columns * 20 ? `${text.slice(0, 1000 + columns * 20).toWellFormed()}…` : text;
  if (displayWidth(head) <= columns) return head;
  if (columns < 1) return '';
  let kept = '';
  let width = 1;
  for (const { segment } of graphemes.segment(head)) {
    width += graphemeWidth(segment);
    if (width > columns) break;
    kept += segment;
  }
  return `${kept}…`;
}

function graphemeWidth(grapheme: string): number {
  const code = grapheme.codePointAt(0) ?? 0;
  if (code >= 0x20 && code < 0x7f && grapheme.length === 1) return 1;
  if (NO_COLUMN.test(grapheme)) return 0;
  return EMOJI.test(grapheme) || isWide(code) ? 2 : 1;
}

function isWide(code: number): boolean {
  return code >= 0x1100 && WIDE.some(([first, last]) => code >= first && code <= last);
}
