/** Results of single tests, as a step's report or its output tells them, and what past builds say about a failure. */

/** Kinds of reports and outputs that are understood. */
export const TEST_FORMATS = ['junit', 'tap', 'pytest', 'gotest', 'vitest', 'gtest'] as const;
export type TestFormat = (typeof TEST_FORMATS)[number];

/** Whose failure it is, as far as past builds tell. The rule: docs/architecture/was-it-me.md. */
export const MARKS = ['new', 'also-on-base', 'flaky', 'unknown'] as const;
export type Mark = (typeof MARKS)[number];

/** The log of a step that holds the files in which its tests are told. It is there to be read apart. */
export const REPORT_LOG = 'test reports';

/** One test of a report. Texts are one line each and fit for a terminal. */
export interface TestCase {
  /** Unique within the step: suite, class and test in one, as the framework itself would write it. */
  name: string;
  outcome: 'passed' | 'failed' | 'skipped';
  /** Source file, as the report names it; `null` when it does not. */
  path: string | null;
  /** Line in `path`, from 1. */
  line: number | null;
  /** Nanoseconds; `null` when the report does not tell. */
  durationNs: number | null;
  /** What went wrong, at most twenty lines; empty unless it failed. */
  message: readonly string[];
}

/** How many tests a step had, kept or not. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

/** All tests of one step. */
export interface TestResultSet extends TestCounts {
  testResultSetId: number;
  builderId: number;
  buildId: number;
  stepId: number;
  /** What the report was read as. */
  format: TestFormat;
  /** Its step has ended, so nothing comes to it any more. */
  complete: boolean;
}

/** One test of a set that passed or failed. */
export interface TestResult extends Omit<TestCase, 'outcome'> {
  testResultId: number;
  testResultSetId: number;
  builderId: number;
  buildId: number;
  stepId: number;
  failed: boolean;
}
