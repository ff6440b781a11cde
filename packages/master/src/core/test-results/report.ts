/**
 * What every reader of test reports shares. A reader takes text as it comes, in pieces of any size, and hands finished
 * tests on. Reports come from the programs that are tested: whatever is in them, a reader neither throws nor keeps more
 * than its limits.
 */
import { locationIn } from './location.ts';

/** A test as a reader found it: texts are raw, `TestCollector` makes them fit. */
export interface FoundTest {
  name: string;
  outcome: 'passed' | 'failed' | 'skipped';
  path?: string | null;
  line?: number | null;
  /** Seconds. */
  seconds?: number | null;
  message?: readonly string[];
}

/** Takes tests. */
export type TestSink = (test: FoundTest) => void;

/** Reads one report. */
export interface ReportReader {
  push(text: string): void;
  /** There is no more; tests that are unfinished are handed on as failed. */
  end(): void;
}

/** Lines of a message that are kept. */
export const MESSAGE_LINES = 20;
/** Units of a line that are looked at: enough for every line that a test framework writes itself. */
export const LINE_UNITS = 2000;

/** The first lines of a message, and where it points to. */
export class Message {
  readonly lines: string[] = [];

  /** Blank lines before the first word are left out. */
  add(line: string): void {
    if (this.lines.length >= MESSAGE_LINES || (this.lines.length === 0 && line.trim() === '')) return;
    this.lines.push(line);
  }

  /** Place in the source that the message names first. */
  get location(): { path: string; line: number } | null {
    for (const line of this.lines) {
      const location = locationIn(line);
      if (location !== null) return location;
    }
    return null;
  }
}

/** A failed test with what was said about it. */
export function failedTest(name: string, message: Message, seconds: number | null = null): FoundTest {
  const { path, line } = message.location ?? { path: null, line: null };
  return { name, outcome: 'failed', path, line, seconds, message: message.lines };
}

/** A number of a report, `null` for what is none. */
export function numberOf(text: string | undefined): number | null {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) && value >= 0 ? value : null;
}

/** Hands whole lines to `onLine`; of a monster of a line only its beginning. */
export class Lines {
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(text: string): void {
    const lines = text.split('\n');
    for (const [index, piece] of lines.entries()) {
      const room = LINE_UNITS - this.#rest.length;
      if (room > 0) this.#rest += piece.slice(0, room);
      if (index < lines.length - 1) this.#lineEnd();
    }
  }

  /** What is there without an end of line is a line, too. */
  end(): void {
    if (this.#rest !== '') this.#lineEnd();
  }

  #lineEnd(): void {
    const line = this.#rest.endsWith('\r') ? this.#rest.slice(0, -1) : this.#rest;
    this.#rest = '';
    this.#onLine(line);
  }
}
