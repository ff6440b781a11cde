/** Reads JUnit's XML as its many writers write it: every `testcase`, wherever it stands. */
import { failedTest, Lines, Message, numberOf, type ReportReader, type TestSink } from './report.ts';
import { XmlReader } from './xml.ts';

const FAILURES = new Set(['failure', 'error']);

interface Case {
  attributes: Readonly<Record<string, string>>;
  outcome: 'passed' | 'failed' | 'skipped';
  message: Message;
}

export function junitReader(sink: TestSink): ReportReader {
  return new JunitReader(sink);
}

class JunitReader implements ReportReader {
  readonly #sink: TestSink;
  readonly #xml = new XmlReader({
    open: (name, attributes) => this.#open(name, attributes),
    close: (name) => this.#close(name),
    text: (text) => this.#said?.push(text),
  });
  /** Elements that are open. */
  #depth = 0;
  #case: Case | null = null;
  /** Takes the text of the failure that is open. */
  #said: Lines | null = null;

  constructor(sink: TestSink) {
    this.#sink = sink;
  }

  push(text: string): void {
    this.#xml.push(text);
  }

  /** A document that is cut may lack the very test that failed. */
  end(): void {
    this.#caseEnd();
    if (this.#depth <= 0) return;
    const message = new Message();
    message.add('the report ends in the middle');
    this.#sink(failedTest('(report)', message));
  }

  #open(name: string, attributes: Readonly<Record<string, string>>): void {
    this.#depth++;
    if (name === 'testcase') {
      this.#caseEnd();
      this.#case = { attributes, outcome: 'passed', message: new Message() };
    } else if (this.#case !== null && FAILURES.has(name)) this.#fail(this.#case, attributes);
    else if (this.#case?.outcome === 'passed' && name === 'skipped') this.#case.outcome = 'skipped';
  }

  #fail(test: Case, { message = '', type = '' }: Readonly<Record<string, string>>): void {
    test.outcome = 'failed';
    const known = new Set<string>();
    const add = (line: string) => {
      if (known.has(line.trim())) return;
      if (known.size < 100) known.add(line.trim());
      test.message.add(line);
    };
    for (const line of (message || type).split('\n', 100)) add(line);
    // Most writers say it again as text.
    this.#said = new Lines(add);
  }

  #close(name: string): void {
    this.#depth--;
    if (FAILURES.has(name)) this.#failureEnd();
    if (name === 'testcase') this.#caseEnd();
  }

  #failureEnd(): void {
    this.#said?.end();
    this.#said = null;
  }

  #caseEnd(): void {
    this.#failureEnd();
    const test = this.#case;
    if (test === null) return;
    this.#case = null;
    const { attributes, outcome, message } = test;
    const name = fullName(attributes);
    const seconds = numberOf(attributes.time);
    if (outcome !== 'failed') {
      this.#sink({ name, outcome, seconds });
      return;
    }
    const found = failedTest(name, message, seconds);
    const ofCase = { path: attributes.file ?? null, line: numberOf(attributes.line) };
    this.#sink(found.path === null ? { ...found, ...ofCase } : found);
  }
}

/** `Net.Timeout`, `src/a.test.ts > suite > name`. */
function fullName({ classname = '', name = '' }: Readonly<Record<string, string>>): string {
  if (classname === '' || name.startsWith(classname)) return name;
  return `${classname}${/[/\s]/.test(classname) ? ' > ' : '.'}${name}`;
}
