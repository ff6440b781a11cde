/**
 * Reads what a step told of its tests out of its log, when the step has ended and before this is written down. A master that
 * is killed in between reads it again when it takes the step up: the log is durable, and no test is kept twice.
 */
import { setImmediate } from 'node:timers/promises';
import type { TestCounts } from '@buildbot/shared';
import { TestCollector } from '../core/test-results/collector.ts';
import { ReportBytes } from '../core/test-results/read-report.ts';
import type { TestReport } from '../ports/recipe.ts';
import type { Logger } from '../ports/service.ts';
import type { BuildStore } from './patient-store.ts';
import type { RunningStep } from './step-context.ts';

/** What is read of a log. Reports are smaller by far; of a log in which tests are told among much else this much counts. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Read at once: some milliseconds, in which the master does nothing else. */
const SLICE_BYTES = 32 * 1024;
/** Tests of one transaction: others are not to wait long for theirs. */
const PORTION = 500;

export interface TestReaderDeps {
  store: Pick<BuildStore, 'keepTestResults' | 'readLog'>;
  logger: Logger;
}

/** How many there were; `null` when nothing can be said. A report that cannot be read changes nothing about its step. */
export async function readTests(
  deps: TestReaderDeps,
  running: Pick<RunningStep, 'builddir' | 'logId'>,
  { stepId, report }: { stepId: number; report: TestReport },
): Promise<TestCounts | null> {
  try {
    const logId = await running.logId(report.log);
    if (logId === null) return null;
    const collector = new TestCollector(`${running.builddir}/${report.workdir}`);
    await collect(deps, { logId, report, collector });
    const { tests, counts } = collector;
    for (let from = 0; from === 0 || from < tests.length; from += PORTION) {
      const portion = tests.slice(from, from + PORTION);
      await deps.store.keepTestResults({ stepId, format: report.format, tests: portion });
    }
    return counts;
  } catch (error) {
    deps.logger.error({ err: error, stepId }, 'what a step told of its tests could not be read');
    return null;
  }
}

async function collect(
  { store }: TestReaderDeps,
  { logId, report, collector }: { logId: number; report: TestReport; collector: TestCollector },
): Promise<void> {
  const missing = (why: string) => collector.add({ name: '(report)', outcome: 'failed', message: [why] });
  const reader = new ReportBytes(report.format, {
    hasFiles: report.hasFiles,
    sink: (test) => collector.add(test),
  });
  let bytes = 0;
  for await (const piece of store.readLog(logId, 0)) {
    bytes += piece.length;
    for (let from = 0; from < piece.length; from += SLICE_BYTES) {
      reader.push(piece.subarray(from, from + SLICE_BYTES));
      await setImmediate();
    }
    if (bytes > MOST_BYTES) break;
  }
  reader.end();
  if (bytes > MOST_BYTES) missing(`longer than ${MOST_BYTES} bytes: not all of it was read`);
  if (report.isCutShort) missing('the command was ended before all its tests had run');
}
