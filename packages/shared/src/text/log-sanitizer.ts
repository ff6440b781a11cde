/**
 * Makes a stream of log bytes fit for a terminal: printable text, tab, newline and colour go through, everything else is
 * made visible (reliability.md class 14, bad inputs 86-98). Bytes may be cut anywhere; the result does not depend on where.
 *
 * What a line looks like in the end is what counts:
 * - `\r\n`, and any number of `\r` before `\n`, is a newline.
 * - A carriage return followed by anything else begins the line again: the text before it is replaced as a whole. (A
 *   terminal would let the tail of a longer text stand; progress bars write over all of it.) Colours in force stay.
 * - Erase in line, which progress bars send along, is obeyed: `ESC [ K` clears the line after a carriage return and
 *   is nothing elsewhere, because the cursor is always at the end; `ESC [ 2 K` clears the line.
 * - So that nothing that is replaced gets out, the unfinished line is held back, up to `MAX_HELD` characters, and can be
 *   looked at in `pending`. A longer line is let go as it comes, and a carriage return in it is a newline instead:
 *   no text is lost, and memory stays bounded.
 */

import { isColour, MAX_SGR_PARAMETERS, OpenColours, SGR_RESET } from './sgr.ts';
import { unsafePattern, visibleForm } from './visible.ts';

/** The longest unfinished line, in UTF-16 units, that a carriage return can still replace. */
export const MAX_HELD = 16_384;

const ESCAPE = '\x1b';
const ZERO_WIDTH_JOINER = '\u200d';
const PLAIN = /^[\t\n\x20-\x7e]*$/;
const SEQUENCE = /\x1b\[(?:([0-9;]*)m|([02]?)K)/y;
const UNFINISHED_SEQUENCE = new RegExp(String.raw`^\x1b(?:\[[0-9;]{0,${MAX_SGR_PARAMETERS}})?$`);
const ENDS_IN_EMOJI = /(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\uFE0F)$/u;

/** `colour: false` takes colours out as well, as `NO_COLOR` asks. */
export interface LogSanitizerOptions {
  colour: boolean;
}

/** One stream of log text on its way to a terminal. Memory is bounded by `MAX_HELD` and the size of one chunk. */
export class LogSanitizer {
  readonly #colour: boolean;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #unsafe = unsafePattern();
  readonly #colours = new OpenColours();
  /** Finished text of the present call. */
  #out = '';
  /** The unfinished line; empty once it overflowed. */
  #held = '';
  /** The end of the last visible text: a zero-width joiner is let through only inside an emoji. */
  #lastWritten = '';
  /** The start of an escape sequence whose end has not come yet. */
  #cut = '';
  /** The line is longer than `MAX_HELD`, what came of it is already out. */
  #overflowed = false;
  /** A carriage return was the last thing seen, but for colours. */
  #returned = false;

  constructor(options: LogSanitizerOptions) {
    this.#colour = options.colour;
  }

  /** Takes the next bytes and gives the text that became final: whole lines, and parts of overlong ones. */
  push(bytes: Uint8Array): string {
    return this.pushText(this.#decoder.decode(bytes, { stream: true }));
  }

  /** The same for text that is already decoded. A chunk must not end inside a surrogate pair. */
  pushText(text: string): string {
    if (this.#cut === '' && !this.#returned && PLAIN.test(text)) this.#pushPlain(text);
    else this.#pushAny(this.#cut + text);
    return this.#takeOut();
  }

  /** Gives what was held back, and takes back any colour left open. The sanitiser is then as new. */
  end(): string {
    this.#pushAny(this.#cut + this.#decoder.decode());
    if (this.#cut !== '') this.#write(this.#cut.replace(ESCAPE, visibleForm));
    this.#out += this.#held + this.#closing();
    this.#held = this.#cut = this.#lastWritten = '';
    this.#overflowed = this.#returned = false;
    this.#colours.apply('');
    return this.#takeOut();
  }

  /**
   * The unfinished line as a terminal would show it now, with its colours closed: for a live view's last line. Empty for a
   * line so long that it is let go as it comes.
   */
  get pending(): string {
    return this.#held === '' ? '' : this.#held + this.#closing();
  }

  #closing(): string {
    return this.#colours.isOpen ? SGR_RESET : '';
  }

  #takeOut(): string {
    const out = this.#out;
    this.#out = '';
    return out;
  }

  /** Most logs are plain ASCII lines: those pass without a look at each character. */
  #pushPlain(text: string): void {
    if (text !== '') this.#lastWritten = '';
    const lineEnd = text.lastIndexOf('\n') + 1;
    if (lineEnd > 0) {
      this.#append(text.slice(0, text.indexOf('\n')));
      this.#newline();
      this.#out += text.slice(text.indexOf('\n') + 1, lineEnd);
    }
    this.#append(text.slice(lineEnd));
  }

  #pushAny(text: string): void {
    this.#cut = '';
    let at = 0;
    while (at < text.length) {
      this.#unsafe.lastIndex = at;
      const found = this.#unsafe.exec(text);
      const stop = found?.index ?? text.length;
      if (stop > at) this.#write(text.slice(at, stop));
      if (found === null) return;
      at = found[0] === ESCAPE ? this.#escape(text, stop) : this.#special(found[0], stop);
    }
  }

  /** One unsafe character that is not an escape; gives the place after it. */
  #special(character: string, at: number): number {
    if (character === '\n') this.#newline();
    else if (character === '\r') this.#returned = true;
    else if (character === '\t') this.#write('\t');
    else if (character === ZERO_WIDTH_JOINER && ENDS_IN_EMOJI.test(this.#lastWritten)) this.#write(character);
    else this.#write(visibleForm(character));
    return at + character.length;
  }

  /** An escape at `at`: obeyed if harmless, else shown; gives the place after what was used up. */
  #escape(text: string, at: number): number {
    SEQUENCE.lastIndex = at;
    const sequence = SEQUENCE.exec(text);
    if (sequence === null) {
      const rest = text.length - at <= MAX_SGR_PARAMETERS + 2 ? text.slice(at) : '';
      if (!UNFINISHED_SEQUENCE.test(rest)) return this.#special(ESCAPE, at);
      this.#cut = rest;
      return text.length;
    }
    const [whole, parameters, erase] = sequence;
    if (erase !== undefined) this.#erase(erase === '2');
    else if (!isColour(parameters ?? '')) return this.#special(ESCAPE, at);
    else if (this.#colour) this.#setColour(whole, parameters ?? '');
    return at + whole.length;
  }

  /** Colours do not end a carriage return's wait: `done\r ESC[0m \n` must keep `done`. */
  #setColour(sequence: string, parameters: string): void {
    this.#colours.apply(parameters);
    this.#append(sequence);
  }

  #erase(wholeLine: boolean): void {
    if (!wholeLine && !this.#returned) return;
    if (this.#overflowed) this.#newline();
    else this.#held = this.#colours.toString();
    this.#returned = false;
  }

  /** Visible text, which takes the place of the line if a carriage return came before it. */
  #write(text: string): void {
    if (this.#returned) this.#erase(true);
    this.#lastWritten = text.slice(-2);
    this.#append(text);
  }

  #append(text: string): void {
    this.#held += text;
    if (!this.#overflowed && this.#held.length <= MAX_HELD) return;
    this.#overflowed = true;
    this.#out += this.#held;
    this.#held = '';
  }

  #newline(): void {
    this.#out += `${this.#held}\n`;
    this.#held = '';
    this.#overflowed = this.#returned = false;
  }
}

/** The same for a text of several lines that is at hand as a whole, such as an error message from another host. */
export function sanitizeText(text: string, options: LogSanitizerOptions): string {
  const sanitizer = new LogSanitizer(options);
  return sanitizer.pushText(text.toWellFormed()) + sanitizer.end();
}
