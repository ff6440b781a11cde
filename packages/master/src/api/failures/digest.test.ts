/** Whose failure it is, as the API tells it of builds that are in the store. */
import type { FailureDigestResource, TestCase } from '@buildbot/shared';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NewPatch } from '../../ports/records.ts';
import { createWorld, type World } from '../testing/world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

interface Told {
  /** `a` passed, `!b` failed. */
  tests?: string;
  /** One of the two letters that stand for who made the change. */
  patch?: string;
  revision?: string;
  branch?: string;
  /** Of the step. Default: failed if one of the tests did. */
  results?: 0 | 2 | 4;
  log?: string;
}

const patchOf = (text: string): NewPatch => ({
  ...{ level: 1, subdir: '', author: 'alice', comment: '', tree: null },
  body: Buffer.from(`--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+${text}\n`),
});

function testCase(word: string): TestCase {
  const failed = word.startsWith('!');
  const name = failed ? word.slice(1) : word;
  const [path, line] = failed ? [`${name}.c`, 7] : [null, null];
  const message = failed ? [`${name} is broken`] : [];
  return { name, outcome: failed ? 'failed' : 'passed', path, line, durationNs: null, message };
}

/** A build with one step `test`, to its end. Answers its id. */
async function built({
  tests,
  patch,
  revision = 'base',
  branch = 'main',
  log,
  ...rest
}: Told): Promise<number> {
  const { store, builders, worker, masterId } = world;
  const found = (tests ?? '').split(' ').filter(Boolean).map(testCase);
  const failed = found.filter(({ outcome }) => outcome === 'failed').length;
  const results = rest.results ?? (failed > 0 ? 2 : 0);
  const stamp = { codebase: '', repository: '', project: '', branch, revision };
  const { requests } = await store.addBuildSet({
    ...{ externalId: null, reason: '', submitter: null, scheduler: 'try', properties: {}, priority: 0 },
    ...{ builderIds: [builders[0]?.builderId ?? 0], rebuiltBuildId: null },
    sourceStamps: [{ ...stamp, patch: patch === undefined ? null : patchOf(patch) }],
  });
  const requestId = requests[0]?.requestId ?? 0;
  const claimed = await store.claim({ requestId, workerId: worker.workerId, masterId, builddir: 'x' });
  const buildId = claimed?.build.buildId ?? 0;
  const step = await store.startStep({ buildId, number: 0, name: 'test', stateString: '' });
  const stepId = step?.stepId ?? 0;
  const stdio = await store.addLog({ stepId, name: 'stdio', type: 's' });
  if (log !== undefined) await store.appendLog(stdio?.logId ?? 0, 'o', Buffer.from(log));
  await store.finishLog(stdio?.logId ?? 0);
  if (tests !== undefined) await store.keepTestResults({ stepId, format: 'junit', tests: found });
  const counts = tests === undefined ? {} : { tests: { passed: found.length - failed, failed, skipped: 0 } };
  await store.finishStep({ stepId, results, stateString: "'make test' failed", hidden: false, ...counts });
  const silent = { infrastructure: false, worker: null, stateString: '' };
  await store.finishBuild({ buildId, results, ...silent, request: { kind: 'complete' } });
  return buildId;
}

async function digest(buildId: number): Promise<FailureDigestResource['steps'][number] | undefined> {
  const { failure_digests } = await world.json(`/builds/${buildId}/failure_digest`);
  return (failure_digests as unknown as FailureDigestResource[])[0]?.steps[0];
}

async function marks(buildId: number): Promise<Record<string, string>> {
  const step = await digest(buildId);
  return Object.fromEntries((step?.tests ?? []).map(({ name, mark }) => [name, mark]));
}

test('a try that breaks a test is told from what is broken on its base, and from what comes and goes', async () => {
  await built({ tests: 'mine !always !flaky' });
  await built({ tests: 'mine !always flaky' });
  const buildId = await built({ tests: '!mine !always !flaky good', patch: 'p', log: 'a\n' });
  expect(await marks(buildId)).toEqual({ mine: 'new', flaky: 'flaky', always: 'also-on-base' });
  expect(await digest(buildId)).toMatchObject({
    ...{ name: 'test', results: 2, mark: 'also-on-base', tests_failed: 3 },
    marks: { new: 1, 'also-on-base': 1, flaky: 1, unknown: 0 },
  });
  expect((await digest(buildId))?.tests[0]).toEqual({
    ...{ name: 'mine', path: 'mine.c', line: 7, mark: 'new', message: ['mine is broken'] },
  });
});

test('nothing is known where nothing was built before', async () => {
  const buildId = await built({ tests: '!a', patch: 'p' });
  expect(await marks(buildId)).toEqual({ a: 'unknown' });
  expect((await digest(buildId))?.mark).toBe('unknown');
});

test('what others changed tells nothing, the same change built again does', async () => {
  await built({ tests: '!a', patch: 'theirs' });
  const buildId = await built({ tests: '!a', patch: 'mine' });
  expect(await marks(buildId)).toEqual({ a: 'unknown' });
  await built({ tests: 'a', patch: 'mine' });
  expect(await marks(buildId)).toEqual({ a: 'flaky' });
});

test('a base that is built afterwards counts as well', async () => {
  const buildId = await built({ tests: '!a', patch: 'p' });
  await built({ tests: '!a' });
  expect(await marks(buildId)).toEqual({ a: 'also-on-base' });
});

test('without a build of the base the newest of its branch counts', async () => {
  await built({ tests: '!a !b', revision: '0' });
  await built({ tests: 'a !b', revision: '1' });
  await built({ tests: '!a !b', revision: '9', branch: 'next' });
  const buildId = await built({ tests: '!a !b !added', patch: 'p', revision: '2' });
  expect(await marks(buildId)).toEqual({ a: 'new', added: 'unknown', b: 'also-on-base' });
});

test('without results of tests the step itself is judged, and its log told around the first error', async () => {
  await built({ results: 0 });
  const noise = Array.from({ length: 500 }, (_, i) => `line ${i}\n`);
  const error = '\u001b[31m./src/net.c:88:5: error: no such member\u001b[0m\n';
  const log = [...noise, error, ...noise.slice(0, 300)].join('');
  const step = await digest(await built({ results: 2, patch: 'p', log }));
  expect(step).toMatchObject({ mark: 'new', tests: [], path: 'src/net.c', line: 88, log: { name: 'stdio' } });
  expect(step?.lines).toHaveLength(20);
  expect(step?.lines[2]).toEqual({ number: 500, text: './src/net.c:88:5: error: no such member' });
  expect(step?.lines.at(-1)).toEqual({ number: 800, text: 'line 299' });
});

test('a step that came to no verdict has no mark, and a build in which nothing failed no steps', async () => {
  expect((await digest(await built({ results: 4 })))?.mark).toBeNull();
  expect(await digest(await built({ results: 0 }))).toBeUndefined();
});

test('results of tests are there in the shape of Buildbot, those that failed with their mark', async () => {
  await built({ tests: 'a b' });
  const buildId = await built({ tests: 'a !b', patch: 'p' });
  const paths = [
    `/builds/${buildId}/test_results`,
    '/test_result_sets/2/results',
    '/builders/linux/builds/2/test_results',
  ];
  for (const path of paths) {
    const { test_results = [], meta } = await world.json(`${path}?order=test_name`);
    expect(meta.total).toBe(2);
    expect(test_results.map(({ test_name, value, mark }) => [test_name, value, mark])).toEqual([
      ['a', '1', null],
      ['b', '0', 'new'],
    ]);
  }
  const [failed] = (await world.json(`/builds/${buildId}/test_results?failed=true`)).test_results ?? [];
  expect(failed).toMatchObject({
    test_code_path: 'b.c',
    line: 7,
    duration_ns: null,
    message: ['b is broken'],
  });
  for (const path of [
    `/builds/${buildId}/test_result_sets`,
    '/steps/2/test_result_sets',
    '/test_result_sets/2',
  ]) {
    const { test_result_sets = [] } = await world.json(path);
    expect(test_result_sets).toMatchObject([{ test_result_setid: 2, tests_passed: 1, tests_failed: 1 }]);
  }
});
