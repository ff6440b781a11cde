/**
 * Reads what pytest prints: results by name (`-v`, also of several processes), the short summary, and the sections of
 * failures, which say where and why. Without `-v` only tests that failed are known by name.
 */
import { failedTest, Lines, Message, type ReportReader, type TestSink } from './report.ts';

const VERBOSE_NAME = /^\S+?\.py::\S/;
/** The end of the line alone: with the name before it, hostile lines would be looked at from each of their words. */
const VERBOSE_END =
  / (PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)(?: \([^()]{0,300}\))?(?: {1,200}\[ {0,3}\d{1,3}%\])?$/;
const PARALLEL = /^\[gw\d+\] \[ *\d+%\] (PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS) (\S+\.py::.+)$/;
const SUMMARY = /^(?:FAILED|ERROR) (\S+\.py(?:::.+?)?)(?: - (.*))?$/;
const SECTION = /^_{3,} (?:ERROR (?:at (?:setup|teardown) of|collecting) )?(.+?) _{3,}$/;
const RULE = /^={3,}(?: .* )?={0,}$/;
const PLACE = /^(\S+\.py):(\d+): /;
/** Failures that are kept until the end, where it shows which test each is of. */
const MOST_SECTIONS = 2000;

interface Section {
  message: Message;
  place: { path: string; line: number } | null;
}

export function pytestReader(sink: TestSink): ReportReader {
  return new PytestReader(sink);
}

class PytestReader implements ReportReader {
  readonly #sink: TestSink;
  readonly #lines = new Lines((line) => this.#line(line));
  /** By what stands in the headline: `test_a[1]`, `TestX.test_y`, or a file. */
  readonly #sections = new Map<string, Section[]>();
  readonly #failed = new Map<string, string>();
  #section: Section | null = null;
  #count = 0;

  constructor(sink: TestSink) {
    this.#sink = sink;
  }

  push(text: string): void {
    this.#lines.push(text);
  }

  end(): void {
    this.#lines.end();
    for (const [name, why] of this.#failed) this.#tell(name, why);
  }

  #line(line: string): void {
    const headline = SECTION.exec(line)?.[1];
    if (RULE.test(line)) this.#section = null;
    if (headline !== undefined) this.#begin(headline);
    else if (this.#section !== null) this.#inSection(this.#section, line);
    else this.#result(line);
  }

  #result(line: string): void {
    const summary = SUMMARY.exec(line);
    if (summary !== null) this.#fail(summary[1] ?? '', summary[2] ?? '');
    const parallel = PARALLEL.exec(line);
    const verbose = VERBOSE_NAME.test(line) ? VERBOSE_END.exec(line) : null;
    const name = parallel?.[2] ?? (verbose === null ? '' : line.slice(0, verbose.index));
    const word = parallel?.[1] ?? verbose?.[1];
    if (word === undefined) return;
    if (word === 'FAILED' || word === 'ERROR') this.#fail(name, '');
    else this.#sink({ name, outcome: word === 'PASSED' || word === 'XPASS' ? 'passed' : 'skipped' });
  }

  #fail(name: string, why: string): void {
    const known = this.#failed.get(name);
    if (known === undefined && this.#failed.size >= MOST_SECTIONS) this.#sink(failed(name, why));
    else this.#failed.set(name, known || why);
  }

  #begin(headline: string): void {
    this.#section = null;
    if (this.#count++ >= MOST_SECTIONS) return;
    this.#section = { message: new Message(), place: null };
    this.#sections.set(headline, [...(this.#sections.get(headline) ?? []), this.#section]);
  }

  /** Of a section the lines that say what went wrong, and the last place it names: that is where it happened. */
  #inSection(section: Section, line: string): void {
    const [, path, number] = PLACE.exec(line) ?? [];
    if (path !== undefined) section.place = { path, line: Number(number) };
    if (path !== undefined || /^[E>] /.test(line)) section.message.add(line);
  }

  #tell(name: string, why: string): void {
    const [path = '', ...rest] = name.split('::');
    const sections = this.#sections.get(rest.length === 0 ? path : rest.join('.')) ?? [];
    const ofFile = sections.find(({ place }) => place?.path === path) ?? sections[0];
    if (ofFile === undefined) {
      this.#sink(failed(name, why));
      return;
    }
    sections.splice(sections.indexOf(ofFile), 1);
    const { message, place } = ofFile;
    if (message.lines.length === 0) message.add(why);
    this.#sink({ ...failedTest(name, message), ...(place ?? { path, line: null }) });
  }
}

function failed(name: string, why: string) {
  const message = new Message();
  message.add(why);
  return { ...failedTest(name, message), path: name.split('::')[0] ?? null };
}
