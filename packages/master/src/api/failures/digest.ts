/** The failure digest of one build, gathered from its steps, their tests, their logs and the builds before it. */
import {
  EVERYTHING,
  EXCEPTION,
  FAILURE,
  type FailedStepResource,
  type FailureDigestResource,
  type LogResource,
  MARKS,
  type Mark,
  sanitizeText,
  type TestResultResource,
} from '@buildbot/shared';
import { type Excerpt, excerptOf, SEARCHED_LINES } from '../../core/failures/excerpt.ts';
import type { Store } from '../../ports/store.ts';
import type { RowOf } from '../resources.ts';
import type { Reader } from '../routes/reader.ts';
import { equals } from '../routes/relations.ts';
import { type Judge, judgeOf } from './judge.ts';

/** Failed tests that are shown of a step. */
const MOST_TESTS = 100;
/** Failed tests that are judged: far more than anybody looks at. */
const MOST_JUDGED = 2000;
/** Of a line: more is cut off in the end anyway. */
const LINE_UNITS = 2000;
/** What the person who waits can do most about comes first. */
const URGENCY: readonly Mark[] = ['new', 'unknown', 'flaky', 'also-on-base'];

export interface DigestDeps {
  store: Store;
  reader: Reader;
}

export async function failureDigest(
  deps: DigestDeps,
  build: RowOf<'builds'>,
): Promise<FailureDigestResource> {
  const { reader, store } = deps;
  const { buildid, builderid, number } = build;
  const [builder] = await reader.all('builders', [equals('builderid', builderid)]);
  const failed = await failedSteps(reader, buildid);
  const steps: FailedStepResource[] = [];
  if (failed.length > 0) {
    const judge = await judgeOf(store, buildid);
    for (const step of failed) steps.push(await stepDigest(deps, judge, step));
  }
  return { buildid, builderid, builder: builder?.name ?? '', number, steps };
}

async function failedSteps(reader: Reader, buildId: number): Promise<RowOf<'steps'>[]> {
  const scope = {
    filters: [equals('buildid', buildId), equals('results', FAILURE, EXCEPTION)],
    keep: null,
  };
  const order = [{ field: 'number', descending: false }];
  return (await reader.page('steps', scope, { ...EVERYTHING, order })).rows;
}

async function stepDigest(deps: DigestDeps, judge: Judge, step: RowOf<'steps'>): Promise<FailedStepResource> {
  const { stepid, number, name, state_string, results } = step;
  const tests = await failedTests(deps.store, step);
  const verdict = await judge(name, tests.map(nameOf));
  const judged = tests.map((test) => ({ test, mark: verdict.tests.get(nameOf(test)) ?? 'unknown' }));
  const count = (mark: Mark) => judged.filter((one) => one.mark === mark).length;
  const log = await mainLog(deps.reader, stepid);
  const { lines, path, line } = await excerpt(deps.store, log);
  return {
    ...{ stepid, number, name, state_string, results: results ?? FAILURE },
    mark: results === FAILURE ? verdict.step : null,
    tests_failed: tests.length,
    tests: judged
      .toSorted((a, b) => URGENCY.indexOf(a.mark) - URGENCY.indexOf(b.mark))
      .slice(0, MOST_TESTS)
      .map(shownTest),
    marks: Object.fromEntries(MARKS.map((mark) => [mark, count(mark)])) as Record<Mark, number>,
    log: log === null ? null : { logid: log.logid, name: log.name, slug: log.slug },
    ...{ path, line, lines },
  };
}

function nameOf({ test_name }: TestResultResource): string {
  return test_name ?? '';
}

function shownTest({
  test,
  mark,
}: {
  test: TestResultResource;
  mark: Mark;
}): FailedStepResource['tests'][number] {
  const { test_code_path: path, line, message } = test;
  return { name: nameOf(test), path, line, mark, message };
}

/** Of a set that is not complete nothing can be said: its step has not ended. */
async function failedTests(store: Store, { buildid, stepid }: RowOf<'steps'>): Promise<TestResultResource[]> {
  const filters = [equals('buildid', buildid), equals('failed', true), equals('stepid', stepid)];
  const { rows } = await store.query('test_results', { ...EVERYTHING, filters, limit: MOST_JUDGED });
  return rows;
}

/** What the command itself printed, else what there is. */
async function mainLog(reader: Reader, stepId: number): Promise<LogResource | null> {
  const logs = await reader.all('logs', [equals('stepid', stepId)]);
  const isText = ({ type }: LogResource) => type === 's' || type === 't';
  // A step that could not run has an empty log, and another that says why.
  const texts = logs.filter(isText);
  return texts.find(({ slug, num_bytes }) => slug === 'stdio' && num_bytes > 0) ?? texts.at(-1) ?? null;
}

async function excerpt(store: Store, log: LogResource | null): Promise<Excerpt> {
  if (log === null) return { lines: [], path: null, line: null };
  const first = Math.max(0, log.num_lines - SEARCHED_LINES);
  const view = await store.readLogLines(log.logid, first, null);
  const letters = log.type === 's' ? 1 : 0;
  const lines = view
    .split('\n')
    .slice(0, -1)
    .map((line) => sanitizeText(line.slice(letters, LINE_UNITS), { colour: false }));
  return excerptOf(lines, first);
}
