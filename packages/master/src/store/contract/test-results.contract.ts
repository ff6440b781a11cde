/** What steps tell of their tests, and what is known of the same tests in other builds. */
import { EVERYTHING, type Filter, type TestCase } from '@buildbot/shared';
import { describe, expect, test } from 'vitest';
import { type MakePlace, STAMP, World } from './world.contract.ts';

const found = (name: string, outcome: TestCase['outcome'] = 'passed'): TestCase => ({
  ...{ name, outcome, path: null, line: null, durationNs: null, message: [] },
});
const bad: TestCase = {
  ...found('bad', 'failed'),
  path: 'a.c',
  line: 3,
  durationNs: 5,
  message: ['expected 1'],
};
const COUNTS = { passed: 2, failed: 1, skipped: 4 };
const END = { results: 2 as const, stateString: '', hidden: false };
const of = (field: string, value: number | boolean): Filter => ({ field, operator: 'eq', values: [value] });

/** A build whose step `test` told of these tests. */
async function tested(world: World, tests: readonly TestCase[], stamp: Partial<typeof STAMP> = {}) {
  const set = world.buildSet({ sourceStamps: [{ ...STAMP, ...stamp }] });
  const { requests } = await world.store.addBuildSet(set);
  const claimed = await world.claim(requests[0]?.requestId as number);
  const { buildId, stepId } = await world.log(claimed ?? undefined);
  const failed = tests.filter(({ outcome }) => outcome === 'failed').length;
  await world.store.keepTestResults({ stepId, format: 'junit', tests });
  const counts = { passed: tests.length - failed, failed, skipped: 0 };
  await world.store.finishStep({ ...END, results: failed > 0 ? 2 : 0, stepId, tests: counts });
  await world.finish(buildId, failed > 0 ? 2 : 0);
  return { buildId, stepId };
}

export function testResultsContract(makePlace: MakePlace): void {
  describe('results of tests', () => {
    test('are complete with the end of their step', async () => {
      const world = await World.make(makePlace);
      const { stepId, buildId } = await world.log();
      const told = await world.toldBy(async () => {
        await world.store.keepTestResults({ stepId, format: 'tap', tests: [found('a'), bad] });
        await world.store.keepTestResults({ stepId, format: 'tap', tests: [found('b')] });
        const { rows } = await world.store.query('test_result_sets', EVERYTHING);
        expect(rows).toMatchObject([{ complete: false, tests_failed: null }]);
        await world.store.finishStep({ ...END, stepId, tests: COUNTS });
      });
      expect(told).toEqual([
        'test_result_sets/1/new',
        'test_result_sets/1/completed',
        `steps/${stepId}/finished`,
      ]);
      const sets = await world.store.query('test_result_sets', EVERYTHING);
      expect(sets.rows).toEqual([
        {
          ...{ test_result_setid: 1, builderid: world.linux, buildid: buildId, stepid: stepId },
          ...{ description: 'tap', category: 'pass_fail', value_unit: 'boolean', complete: true },
          ...{ tests_passed: 2, tests_failed: 1, tests_skipped: 4 },
        },
      ]);
      const failed = { ...EVERYTHING, filters: [of('buildid', buildId), of('failed', true)] };
      expect((await world.store.query('test_results', failed)).rows).toEqual([
        {
          ...{
            test_resultid: 2,
            builderid: world.linux,
            test_result_setid: 1,
            buildid: buildId,
            stepid: stepId,
          },
          ...{ test_name: 'bad', test_code_path: 'a.c', line: 3, duration_ns: 5, value: '0', failed: true },
          ...{ message: ['expected 1'], mark: null },
        },
      ]);
    });

    test('told again after a restart are there once', async () => {
      const world = await World.make(makePlace);
      const { stepId } = await world.log();
      const tests = Array.from({ length: 250 }, (_, i) => found(`t${i}`));
      await world.store.keepTestResults({ stepId, format: 'tap', tests: tests.slice(0, 120) });
      await world.reopen();
      await world.store.keepTestResults({ stepId, format: 'tap', tests });
      const { rows } = await world.store.query('test_results', EVERYTHING);
      expect(rows.map(({ test_name }) => test_name)).toEqual(tests.map(({ name }) => name));
      expect((await world.store.query('test_result_sets', EVERYTHING)).total).toBe(1);
    });

    test('of a build that is finished, or of no step, are not taken', async () => {
      const world = await World.make(makePlace);
      const { stepId, buildId } = await world.log();
      await world.finish(buildId);
      const input = { format: 'tap' as const, tests: [found('a')] };
      expect(await world.store.keepTestResults({ ...input, stepId })).toBe(false);
      expect(await world.store.keepTestResults({ ...input, stepId: 99 })).toBe(false);
      expect((await world.store.query('test_results', EVERYTHING)).total).toBe(0);
    });

    test('go with their build', async () => {
      const world = await World.make(makePlace);
      await tested(world, [bad]);
      world.clock.advance(1000);
      const limits = { logsBefore: null, eventsBefore: null, sessionsBefore: null, batch: 10 };
      await world.store.cleanUp({ ...limits, buildsBefore: world.clock.now() });
      expect((await world.store.query('test_results', EVERYTHING)).total).toBe(0);
      expect((await world.store.query('test_result_sets', EVERYTHING)).total).toBe(0);
    });

    test('of other builds are found by what these were made of', async () => {
      const world = await World.make(makePlace);
      const first = await tested(world, [bad, found('good')]);
      const newest = await tested(world, [found('bad')], {
        revision: null as unknown as string,
        branch: 'next',
      });
      const own = await world.log();
      const known = await world.store.builtSources(own.buildId);
      const source = { codebase: '', branch: 'main', revision: STAMP.revision, patch: null };
      expect(known).toEqual({
        own: { buildId: own.buildId, sources: [source] },
        others: [
          { buildId: newest.buildId, sources: [{ ...source, branch: 'next', revision: null }] },
          { buildId: first.buildId, sources: [source] },
        ],
      });
      const buildIds = [first.buildId, newest.buildId, own.buildId];
      const past = await world.store.pastSteps({ buildIds, step: 'test', tests: ['bad', 'unheard of'] });
      expect(past).toEqual([
        { buildId: first.buildId, results: 2, tests: { passed: new Set(), failed: new Set(['bad']) } },
        { buildId: newest.buildId, results: 0, tests: { passed: new Set(['bad']), failed: new Set() } },
      ]);
      expect(await world.store.builtSources(99)).toBeNull();
    });

    test('know the revision of what was the newest then', async () => {
      const world = await World.make(makePlace);
      const set = world.buildSet({ sourceStamps: [{ ...STAMP, revision: null }] });
      const { requests } = await world.store.addBuildSet(set);
      const claimed = await world.claim(requests[0]?.requestId as number);
      const { stepId, buildId } = await world.log(claimed ?? undefined);
      await world.store.finishStep({ ...END, stepId, properties: { got_revision: ['abc', 'Git'] } });
      expect((await world.store.builtSources(buildId))?.own.sources).toMatchObject([{ revision: 'abc' }]);
    });
  });
}
