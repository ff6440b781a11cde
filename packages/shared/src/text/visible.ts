/**
 * Which characters a terminal may be shown as they are, and what stands for the others. A control character can move the
 * cursor, rename the window or write the clipboard; a bidi override or a zero-width character makes a text read
 * as what it is not (reliability.md class 14, bad inputs 91-98). Nothing is dropped silently: it is made visible.
 */

/**
 * Characters that draw nothing or reorder what is drawn: default ignorables (zero-width, tags, fillers, soft hyphen), bidi
 * controls, line and paragraph separators, interlinear annotation. Variation selectors 15 and 16 only choose
 * between the text and the picture form of an emoji and stay.
 */
const HIDDEN = String.raw`(?![\uFE0E\uFE0F])[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Zl}\p{Zp}\uFFF9-\uFFFB]`;
const CONTROL = String.raw`[\u0000-\u001F\u007F-\u009F]`;
const LONE_SURROGATE = String.raw`\p{Surrogate}`;

const UNSAFE = `${CONTROL}|${LONE_SURROGATE}|${HIDDEN}`;
const UNSAFE_ONE = new RegExp(UNSAFE, 'u');
const UNSAFE_ALL = new RegExp(UNSAFE, 'gu');
const PLAIN_ASCII = /^[\x20-\x7e]*$/;

/** A fresh global pattern that finds the next character not fit for a terminal; newline and tab are among them. */
export function unsafePattern(): RegExp {
  return new RegExp(UNSAFE, 'gu');
}

/** True if the text is one line of visible characters: no control, no bidi control, no zero-width, well-formed. */
export function isPrintableLine(text: string): boolean {
  return PLAIN_ASCII.test(text) || !UNSAFE_ONE.test(text);
}

/**
 * What stands for an unsafe character: its control picture (`␛`, `␀`, `␡`), U+FFFD for half a surrogate pair, else its
 * number as `less` writes it (`<U+202E>`).
 */
export function visibleForm(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '␡';
  if (code >= 0xd800 && code <= 0xdfff) return '\uFFFD';
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
}

/**
 * Makes a name, reason, branch or other short text from outside fit for a terminal: one line, every character visible.
 * Longer than `maxLength` UTF-16 units (default 1000) it is cut and ends in `…`.
 */
export function sanitizeName(text: string, options: { maxLength?: number } = {}): string {
  const maxLength = options.maxLength ?? 1000;
  // Cut first: one hidden character grows to eight, and a 100 MB name must not be searched whole.
  const head = text.length > maxLength ? text.slice(0, maxLength + 1) : text;
  const shown = PLAIN_ASCII.test(head) ? head : head.replace(UNSAFE_ALL, visibleForm);
  return shown.length > maxLength
    ? `${shown.slice(0, Math.max(0, maxLength - 1)).replace(/\p{Surrogate}$/u, '')}…`
    : shown;
}

/** The same for a text of several lines, such as an error's: lines stay lines, and a tab is two spaces. */
export function sanitizeLines(text: string): string {
  return text
    .split('\n')
    .map((line) => sanitizeName(line.replaceAll('\t', '  '), { maxLength: 2000 }))
    .join('\n');
}
