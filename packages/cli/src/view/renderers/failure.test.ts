import type { Mark, StepFailure } from '@buildbot/shared';
import { expect, it } from 'vitest';
import { failureLines } from './failure.ts';

const NO_MARKS = { new: 0, 'also-on-base': 0, flaky: 0, unknown: 0 };

function failure(change: Partial<StepFailure> = {}): StepFailure {
  return { mark: 'new', path: null, line: null, testsFailed: 0, marks: NO_MARKS, tests: [], ...change };
}

const failed = (name: string, mark: Mark, ...message: string[]): StepFailure['tests'][number] => {
  return { name, path: 'a.c', line: 7, mark, message };
};

it('a test is told with its mark, its place and what it said', () => {
  const tests = [
    failed('A', 'new', 'a.c:7: no', 'more'),
    failed('B', 'also-on-base', 'why'),
    failed('C', 'flaky'),
  ];
  expect(failureLines('linux/1 › test', failure({ tests, testsFailed: 3 }))).toEqual([
    '✗ linux/1 › test › A  NEW  a.c:7: no',
    '    │ more',
    '✗ linux/1 › test › B  ALSO ON BASE  a.c:7: why',
    '✗ linux/1 › test › C  FLAKY  a.c:7',
  ]);
});

it('many tests are counted, and what they said is twenty lines in all', () => {
  const tests = Array.from({ length: 30 }, (_, i) => failed(`T${i}`, 'new', 'a', 'b', 'c', 'd'));
  const lines = failureLines(
    'x',
    failure({ tests, testsFailed: 40, marks: { ...NO_MARKS, new: 38, flaky: 2 } }),
  );
  expect(lines.filter((line) => line.startsWith('✗'))).toHaveLength(10);
  expect(lines.filter((line) => line.startsWith('    │'))).toHaveLength(20);
  expect(lines.at(-1)).toBe('  … and 30 more failed tests (in all 38 NEW, 2 FLAKY)');
});

it('a step without tests is told by its own mark, and one of which nothing is known not at all', () => {
  expect(failureLines('x', failure({ path: 'a.c', line: 3 }))).toEqual(['✗ x  NEW  a.c:3']);
  expect(failureLines('x', failure({ mark: 'also-on-base' }))).toEqual(['✗ x  ALSO ON BASE']);
  expect(failureLines('x', failure({ mark: 'unknown', path: 'a.c' }))).toEqual(['✗ x  UNKNOWN  a.c']);
  expect(failureLines('x', failure({ mark: 'unknown' }))).toEqual([]);
  expect(failureLines('x', failure({ mark: null, path: 'a.c' }))).toEqual([]);
});
