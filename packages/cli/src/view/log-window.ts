/**
 * The newest lines of a log that is read as it grows, however fast: a bounded window over it, with line numbers that
 * stand still while older lines are let go of.
 */

/** Lines kept at most twice as many as these, at least these. */
const KEPT_LINES = 5000;
const LONGEST_LINE = 1000;

export class LogWindow {
  #lines: string[] = [];
  #first = 0;
  /** What came after the last line end. */
  #begun = '';
  /** The same and what is being written, as it looks now. */
  #open = '';

  /** Number of the first line that is kept. */
  get first(): number {
    return this.#first;
  }

  /** Number of the line after the last. */
  get end(): number {
    return this.#first + this.#lines.length + (this.#open === '' ? 0 : 1);
  }

  /** Takes sanitised text; `open` is the line that is being written, as it looks now. */
  push(text: string, open = ''): void {
    const lines = text.split('\n');
    lines[0] = this.#begun + (lines[0] ?? '');
    this.#begun = (lines.pop() ?? '').slice(0, LONGEST_LINE + 1);
    this.#open = fitted(this.#begun + open);
    for (const line of lines) this.#lines.push(fitted(line));
    if (this.#lines.length <= 2 * KEPT_LINES) return;
    this.#first += this.#lines.length - KEPT_LINES;
    this.#lines = this.#lines.slice(-KEPT_LINES);
  }

  /** The lines from number `from` on, at most `count`. */
  lines(from: number, count: number): string[] {
    const start = Math.max(0, from - this.#first);
    const shown = this.#lines.slice(start, start + count);
    if (shown.length < count && this.#open !== '' && start <= this.#lines.length) shown.push(this.#open);
    return shown;
  }

  /** Number of the next line with `text` in it, in any case, from `from` on upwards or downwards; null when none has. */
  find(text: string, from: number, direction: 1 | -1): number | null {
    const wanted = text.toLowerCase();
    for (let at = from; at >= this.#first && at < this.end; at += direction) {
      const line = this.#lines[at - this.#first] ?? this.#open;
      if (line.toLowerCase().includes(wanted)) return at;
    }
    return null;
  }
}

/** Tabs are widened, for a terminal's own stops would break the layout. */
function fitted(line: string): string {
  const text = line.includes('\t') ? line.replaceAll('\t', '    ') : line;
  return text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE - 1)}…` : text;
}
