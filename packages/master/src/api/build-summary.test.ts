/** One call for one build: what a program asks first when it wants to know what became of it. */
import { type BuildSummaryResource, buildSummaryResourceSchema } from '@buildbot/shared';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, type World } from './testing/world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

async function summary(path: string): Promise<BuildSummaryResource> {
  const { build_summaries = [] } = await world.json(path);
  return buildSummaryResourceSchema.strict().parse(build_summaries[0]);
}

test('a build comes with all below it, the heads of its logs and why it failed', async () => {
  const running = await world.build();
  const lines = Array.from({ length: 30 }, (_, i) => `line ${i}\n`);
  await world.output(running, [...lines, 'a.c:3: error: no\n'].join(''));
  const { stepId } = running.step;
  const failed = {
    name: 'a',
    outcome: 'failed',
    path: null,
    line: null,
    durationNs: null,
    message: ['no'],
  } as const;
  await world.store.keepTestResults({ stepId, format: 'tap', tests: [failed] });
  await world.store.finishLog(running.log.logId);
  const tests = { passed: 0, failed: 1, skipped: 0 };
  await world.store.finishStep({ stepId, results: 2, stateString: 'failed', hidden: false, tests });
  const found = await summary('/builds/1/summary');
  expect(found).toMatchObject({
    build: { buildid: 1, properties: { answer: [42, 'Test'] } },
    ...{ buildrequest: { buildrequestid: 1 }, builder: { name: 'linux' }, worker: { name: 'w1' } },
    ...{ steps: [{ name: 'make test', results: 2 }], test_result_sets: [{ tests_failed: 1 }] },
    failure_digest: { steps: [{ path: 'a.c', line: 3, mark: 'unknown', tests: [{ name: 'a' }] }] },
    estimate: { builderid: 1 },
  });
  expect(found.logs[0]?.head).toBe(
    lines
      .slice(0, 20)
      .map((line) => `o${line}`)
      .join(''),
  );
  expect(found.event_number).toBeGreaterThan(0);
  expect(await summary('/builders/linux/builds/1/summary')).toEqual(found);
});

test('a build in which nothing has happened yet has empty lists, and one that is not there is not found', async () => {
  await world.build();
  const { steps, failure_digest, test_result_sets } = await summary('/builds/1/summary');
  expect([steps.length, failure_digest.steps, test_result_sets]).toEqual([1, [], []]);
  expect((await world.get('/api/v2/builds/99/summary')).status).toBe(404);
});
