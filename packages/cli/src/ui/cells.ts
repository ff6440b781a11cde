/** How many cells a text takes on a terminal, and texts cut or filled to a width. Colour codes are not looked for. */

/** East Asian wide and fullwidth forms and pictures, roughly: enough to keep columns straight for names. */
const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u;
const NO_WIDTH = /[\p{Mn}\p{Me}\u200D\uFE0E\uFE0F]/u;
const ASCII = /^[\x20-\x7e]*$/;

export function cellWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += NO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/** At most `width` cells; what was cut ends in `…`. */
export function cut(text: string, width: number): string {
  if (cellWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    const next = cellWidth(character);
    if (used + next > width - 1) break;
    kept += character;
    used += next;
  }
  return width <= 0 ? '' : `${kept}…`;
}

/** Exactly `width` cells: cut, or filled with spaces. */
export function fit(text: string, width: number): string {
  const short = cut(text, width);
  return short + ' '.repeat(Math.max(0, width - cellWidth(short)));
}
