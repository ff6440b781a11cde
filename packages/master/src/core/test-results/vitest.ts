/**
 * Reads what Vitest prints: ` ✓ src/a.test.ts > suite > name 5ms` (of its reporter `verbose`), ` × …`, and the blocks
 * ` FAIL  src/a.test.ts > suite > name` with message and place. Tests that passed are known by name from `verbose` only.
 */
import { failedTest, Lines, Message, type ReportReader, type TestSink } from './report.ts';

/** File first, as only whole names have it. The name of a project may stand before it. */
const LINE = /^ *([✓√×✗↓]) (?:\|[^|]{1,100}\| )?(\S+\.[cm]?[jt]sx? > .+?)(?: (\d+)ms)?(?: \(retry x\d+\))?$/;
const FAIL = /^ *FAIL +(?:\|[^|]{1,100}\| )?(\S+\.[cm]?[jt]sx?(?: > .+)?)$/;
const RULE = /^⎯{4}/;
/** Where in the source: ` ❯ src/a.test.ts:12:5`. */
const POINTER = /^ *❯ (?:.* )?(\S+):(\d+):\d+\)?$/;
/** Tests that one message may stand for. */
const MOST_ALIKE = 1000;

export function vitestReader(sink: TestSink): ReportReader {
  /** Several tests that fail alike stand above one message. */
  let names: string[] = [];
  let message = new Message();
  let place: { path: string; line: number } | null = null;

  const lines = new Lines((line) => {
    const failed = FAIL.exec(line)?.[1];
    if (failed !== undefined) {
      if (message.lines.length > 0 || names.length >= MOST_ALIKE) flush();
      names.push(failed);
      return;
    }
    if (RULE.test(line)) return flush();
    if (names.length > 0) return inBlock(line);
    const [, mark, name = '', ms] = LINE.exec(line) ?? [];
    if (mark === undefined) return;
    const seconds = ms === undefined ? null : Number(ms) / 1000;
    if (mark === '×' || mark === '✗') sink({ name, outcome: 'failed', seconds });
    else sink({ name, outcome: mark === '↓' ? 'skipped' : 'passed', seconds });
  });

  function inBlock(line: string): void {
    const [, path, number] = POINTER.exec(line) ?? [];
    if (path !== undefined) place ??= { path, line: Number(number) };
    message.add(line);
  }

  function flush(): void {
    for (const name of names) sink({ ...failedTest(name, message), ...place });
    names = [];
    message = new Message();
    place = null;
  }

  return {
    push: (text) => lines.push(text),
    end() {
      lines.end();
      flush();
    },
  };
}
