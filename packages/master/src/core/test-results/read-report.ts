/** From the bytes of a log to the tests in it. */
import { LogSanitizer, type TestFormat } from '@buildbot/shared';
import { gotestReader } from './gotest.ts';
import { gtestReader } from './gtest.ts';
import { junitReader } from './junit.ts';
import { pytestReader } from './pytest.ts';
import type { ReportReader, TestSink } from './report.ts';
import { tapReader } from './tap.ts';
import { vitestReader } from './vitest.ts';

const READERS: Readonly<Record<TestFormat, (sink: TestSink) => ReportReader>> = {
  junit: junitReader,
  tap: tapReader,
  pytest: pytestReader,
  gotest: gotestReader,
  vitest: vitestReader,
  gtest: gtestReader,
};

/** Stands before the path of each file where several are sent as one log. No report has it. */
const FILE_MARK = '\u001e';

/** Takes a log in pieces. Colours and other control sequences are taken out of all but XML, where none can be. */
export class ReportBytes {
  readonly #make: () => ReportReader;
  readonly #decoder = new TextDecoder();
  readonly #sanitizer: LogSanitizer | null;
  readonly #hasFiles: boolean;
  #reader: ReportReader;
  #isInPath = false;

  constructor(format: TestFormat, options: { hasFiles: boolean; sink: TestSink }) {
    this.#make = () => READERS[format](options.sink);
    this.#reader = this.#make();
    this.#hasFiles = options.hasFiles;
    this.#sanitizer = format === 'junit' || options.hasFiles ? null : new LogSanitizer({ colour: false });
  }

  push(bytes: Uint8Array): void {
    this.#text(
      this.#sanitizer === null ? this.#decoder.decode(bytes, { stream: true }) : this.#sanitizer.push(bytes),
    );
  }

  end(): void {
    this.#text(this.#sanitizer === null ? this.#decoder.decode() : this.#sanitizer.end());
    this.#reader.end();
  }

  #text(text: string): void {
    const pieces = this.#hasFiles ? text.split(FILE_MARK) : [text];
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) this.#nextFile();
      this.#inFile(piece);
    }
  }

  #nextFile(): void {
    this.#reader.end();
    this.#reader = this.#make();
    this.#isInPath = true;
  }

  #inFile(piece: string): void {
    const end = this.#isInPath ? piece.indexOf('\n') : -1;
    if (this.#isInPath && end < 0) return;
    this.#isInPath = false;
    this.#reader.push(piece.slice(end + 1));
  }
}
