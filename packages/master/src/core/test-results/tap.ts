/**
 * Reads TAP (Test Anything Protocol, versions 12 to 14): `ok 1 - name`, `not ok 2 - name`, plans, YAML diagnostics and
 * subtests, whose lines are indented by four and come before that of their parent. Anything else in between is passed over.
 */
import { locationIn } from './location.ts';
import {
  type FoundTest,
  failedTest,
  Lines,
  Message,
  numberOf,
  type ReportReader,
  type TestSink,
} from './report.ts';

const RESULT = /^((?: {4}){0,20})(not )?ok (\d{1,9})(?:(?: -)? (.*))?$/;
const PLAN = /^1\.\.(\d{1,9})(?: *#.*)?$/;
const BAIL_OUT = /^ *Bail out!(.*)$/;
const DIRECTIVE = /(?:^|\s)# *(skip|todo)\S*(?:\s.*)?$/i;
const YAML_BEGIN = /^( +)---$/;
const YAML_END = /^ +\.\.\.$/;
const DURATION = /^ *duration_ms: *([\d.]+)$/;
const LOCATION = /^ *location: *['"]?(.+):(\d+):\d+['"]?$/;
/** Of diagnostics: what is told elsewhere, or tells nobody anything. */
const IDLE = /^(?:type|failureType|severity|code|name): /;
const ERROR = /^(?:error|message): *(?:[|>][-+]?$)?/;
/** Subtests that may wait for the line of their parent. */
const MOST_WAITING = 20_000;

interface Result {
  name: string;
  outcome: FoundTest['outcome'];
  message: Message;
  seconds: number | null;
  place: { path: string; line: number } | null;
}

export function tapReader(sink: TestSink): ReportReader {
  return new TapReader(sink);
}

class TapReader implements ReportReader {
  readonly #sink: TestSink;
  readonly #lines = new Lines((line) => this.#line(line));
  /** By depth: results whose parent has not had its line yet. */
  #waiting: Result[][] = [];
  #last: Result | null = null;
  /** How far the diagnostics are indented that are read; `null` outside of any. */
  #yamlIndent: number | null = null;
  #planned = 0;
  #seen = 0;
  #bail: string | null = null;

  constructor(sink: TestSink) {
    this.#sink = sink;
  }

  push(text: string): void {
    this.#lines.push(text);
  }

  end(): void {
    this.#lines.end();
    for (const results of this.#waiting) for (const result of results ?? []) this.#tell(result);
    this.#waiting = [];
    const message = new Message();
    if (this.#bail !== null) message.add(`Bail out!${this.#bail}`);
    else if (this.#seen < this.#planned) message.add(`planned ${this.#planned} tests, ${this.#seen} ran`);
    // Always under the same name, so that builds can be compared.
    if (message.lines.length > 0) this.#sink(failedTest('(plan)', message));
  }

  #line(line: string): void {
    if (this.#yamlIndent !== null) this.#yaml(line, this.#yamlIndent);
    else this.#ofProtocol(line);
  }

  #ofProtocol(line: string): void {
    const [isResult, indent = '', not, number = '', rest = ''] = RESULT.exec(line) ?? [];
    const plan = PLAN.exec(line)?.[1];
    if (isResult !== undefined) this.#result(indent.length / 4, not !== undefined, number, rest);
    else if (plan !== undefined) this.#planned += Number(plan);
    else if (this.#last !== null && YAML_BEGIN.test(line)) this.#yamlIndent = line.indexOf('-');
    else if (BAIL_OUT.test(line)) this.#bail ??= BAIL_OUT.exec(line)?.[1] ?? '';
    else if (/^ *# /.test(line) && !/^ *# Subtest:/.test(line))
      this.#last?.message.add(line.replace(/^ *# ?/, ''));
  }

  #yaml(line: string, indent: number): void {
    if (YAML_END.test(line)) {
      this.#yamlIndent = null;
      return;
    }
    const result = this.#last;
    if (result === null) return;
    const duration = DURATION.exec(line)?.[1];
    const [, path, number] = LOCATION.exec(line) ?? [];
    if (duration !== undefined) result.seconds = (numberOf(duration) ?? 0) / 1000;
    else if (path !== undefined) result.place = { path, line: Number(number) };
    else if (!IDLE.test(line.slice(indent))) this.#said(result, line.slice(indent));
  }

  #said(result: Result, text: string): void {
    const said = text.replace(ERROR, '');
    if (said !== '' || text === '') result.message.add(said);
  }

  #result(depth: number, isFailed: boolean, number: string, rest: string): void {
    const directive = DIRECTIVE.exec(rest)?.[1];
    const name = rest.replace(DIRECTIVE, '').trim() || `test ${number}`;
    const outcome = directive !== undefined ? 'skipped' : isFailed ? 'failed' : 'passed';
    const result: Result = { name, outcome, message: new Message(), seconds: null, place: null };
    if (depth === 0) this.#seen++;
    const children = this.#childrenOf(depth);
    this.#last = result;
    for (const child of children) child.name = `${name} > ${child.name}`;
    // A parent is no test of its own, unless it fails while all below it pass.
    const isOwn =
      children.length === 0 || (isFailed && children.every((child) => child.outcome !== 'failed'));
    const results = isOwn ? [...children, result] : children;
    this.#waiting[depth] ??= [];
    const waiting = this.#waiting[depth];
    if (waiting.length < MOST_WAITING) waiting.push(...results);
  }

  #childrenOf(depth: number): Result[] {
    const children = this.#waiting.slice(depth + 1).flatMap((results) => results ?? []);
    this.#waiting = this.#waiting.slice(0, depth + 1);
    if (depth === 0) this.#flush();
    return children;
  }

  /** What is said about a result comes after its line: those of the top wait for the next one. */
  #flush(): void {
    for (const result of this.#waiting[0] ?? []) this.#tell(result);
    this.#waiting = [];
  }

  #tell({ name, outcome, message, seconds, place }: Result): void {
    if (outcome !== 'failed') {
      this.#sink({ name, outcome, seconds });
      return;
    }
    const perl = message.lines.map(locationIn).find((location) => location !== null);
    this.#sink({ ...failedTest(name, message, seconds), ...(place ?? perl) });
  }
}
