/** Test support: reads a report as a step's log would bring it. */
import type { TestCase, TestFormat } from '@buildbot/shared';
import { TestCollector } from './collector.ts';
import { ReportBytes } from './read-report.ts';

/** All tests of `report`, which comes in pieces of at most `size` bytes. */
export function testsIn(
  format: TestFormat,
  report: string | Uint8Array,
  { size = 1_000_000, hasFiles = false }: { size?: number; hasFiles?: boolean } = {},
): TestCollector {
  const collector = new TestCollector();
  const reader = new ReportBytes(format, { hasFiles, sink: (test) => collector.add(test) });
  const bytes = Buffer.from(report);
  for (let from = 0; from < bytes.length; from += size) reader.push(bytes.subarray(from, from + size));
  reader.end();
  return collector;
}

/** Name, outcome, place and message in one line each: `✗ a.b x.py:3 | expected 1`. */
export function shownTests(format: TestFormat, report: string, options = {}): string[] {
  return testsIn(format, report, options).tests.map(shownTest);
}

function shownTest({ name, outcome, path, line, message }: TestCase): string {
  const place = path === null ? '' : ` ${path}${line === null ? '' : `:${line}`}`;
  const words = [`${outcome === 'failed' ? '✗' : '✔'} ${name}${place}`, ...message];
  return words.join(' | ');
}
