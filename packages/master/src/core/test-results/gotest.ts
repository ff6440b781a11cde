/**
 * Reads what `go test` prints, with or without `-v`, and the events of `go test -json`. The line of a package comes after
 * its tests, so these wait for it. A test with subtests is told by them.
 */
import { failedTest, Lines, Message, type ReportReader, type TestSink } from './report.ts';

const HEADER = /^=== (?:RUN|CONT|NAME|PAUSE) +(\S+)$/;
const END = /^ *--- (PASS|FAIL|SKIP): (\S+) \(([\d.]+)s\)$/;
const PACKAGE = /^(ok|FAIL|---)\s+(\S+)\s+(?:\(cached\)|[\d.]+s|\[(?:build|setup) failed\])/;
const PANIC = /^(?:panic: |fatal error: |WARNING: DATA RACE)/;
/** Tests of one package that may wait for its line. */
const MOST_WAITING = 30_000;

interface Running {
  name: string;
  outcome: 'passed' | 'failed' | 'skipped' | null;
  seconds: number | null;
  message: Message;
}

const OUTCOMES = { PASS: 'passed', FAIL: 'failed', SKIP: 'skipped' } as const;

export function gotestReader(sink: TestSink): ReportReader {
  return new GoTestReader(sink);
}

class GoTestReader implements ReportReader {
  readonly #sink: TestSink;
  readonly #lines = new Lines((line) => this.#line(line));
  #tests = new Map<string, Running>();
  #current: Running | null = null;
  /** What was said outside of every test: errors of the compiler, a panic. */
  #aside = new Message();

  constructor(sink: TestSink) {
    this.#sink = sink;
  }

  push(text: string): void {
    this.#lines.push(text);
  }

  end(): void {
    this.#lines.end();
    this.#package('', this.#tests.size > 0 && this.#unended().length > 0);
  }

  #line(line: string): void {
    const output = line.startsWith('{"') ? outputOf(line) : line;
    // An event that is no output tells nothing that the outputs do not.
    if (output === null) return;
    const started = HEADER.exec(output)?.[1];
    if (started !== undefined) {
      this.#current = this.#testNamed(started);
      return;
    }
    const [, word, name = '', seconds] = END.exec(output) ?? [];
    const [, verdict, path = ''] = PACKAGE.exec(output) ?? [];
    if (word !== undefined) this.#ended(word as keyof typeof OUTCOMES, name, Number(seconds));
    else if (verdict !== undefined) this.#package(path, verdict === 'FAIL');
    else if (output === 'PASS' || output === 'FAIL') this.#current = null;
    else if (this.#current !== null && !PANIC.test(output)) this.#current.message.add(output.trim());
    else this.#aside.add(output);
  }

  #testNamed(name: string): Running {
    const known = this.#tests.get(name);
    if (known !== undefined) return known;
    const test: Running = { name, outcome: null, seconds: null, message: new Message() };
    if (this.#tests.size < MOST_WAITING) this.#tests.set(name, test);
    return test;
  }

  #ended(word: keyof typeof OUTCOMES, name: string, seconds: number): void {
    const test = this.#testNamed(name);
    test.outcome = OUTCOMES[word];
    test.seconds = seconds;
    this.#current = test;
  }

  #unended(): Running[] {
    return [...this.#tests.values()].filter(({ outcome }) => outcome === null);
  }

  #package(path: string, isFailed: boolean): void {
    const tests = [...this.#tests.values()];
    const parents = new Set(tests.flatMap(({ name }) => ancestorsOf(name)));
    const leaves = tests.filter(({ name }) => !parents.has(name));
    let hasFailed = false;
    for (const { name, outcome, seconds, message } of leaves) {
      const full = path === '' ? name : `${path}.${name}`;
      const ended = outcome ?? (isFailed ? 'failed' : 'passed');
      hasFailed ||= ended === 'failed';
      const said = message.lines.length > 0 ? message : this.#aside;
      if (ended === 'failed') this.#sink(failedTest(full, said, seconds));
      else this.#sink({ name: full, outcome: ended, seconds });
    }
    if (isFailed && !hasFailed && path !== '') this.#sink(failedTest(`${path} (package)`, this.#aside));
    this.#tests = new Map();
    this.#current = null;
    this.#aside = new Message();
  }
}

/** `A/b/c` is below `A/b` and `A`. */
function ancestorsOf(name: string): string[] {
  const parts = name.split('/').slice(0, 20);
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** The text of an event of `go test -json`, `null` for one that has none. */
function outputOf(line: string): string | null {
  try {
    const event: unknown = JSON.parse(line);
    if (typeof event !== 'object' || event === null || !('Output' in event)) return null;
    return typeof event.Output === 'string' ? event.Output.replace(/\n$/, '') : null;
  } catch {
    return line;
  }
}
