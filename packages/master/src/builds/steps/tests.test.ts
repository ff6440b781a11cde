/** What a step tells of its tests, in real commands on a real shell. */
import { EVERYTHING, FAILURE, SUCCESS } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { BuildWorld } from '../../testing/build-world.ts';
import { checkStep } from './registry.ts';

/** One build of one step that tells of its tests. */
async function tested(command: string, tests: object, options: object = {}) {
  const step = { type: 'shell', name: 'test', command, tests, ...options };
  const config = {
    workers: [{ name: 'w1', password: 'x' }],
    builders: [{ name: 'linux', workers: ['w1'], steps: [step] }],
  };
  const world = await BuildWorld.make({ config });
  const build = await world.build('linux');
  const [row] = await world.steps(build.buildid);
  const sets = (await world.store.query('test_result_sets', EVERYTHING)).rows;
  const results = (await world.store.query('test_results', EVERYTHING)).rows;
  const told = results.map(({ failed, test_name }) => `${failed ? '✗' : '✔'} ${test_name}`);
  return { world, row, sets, told, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

const suite = (name: string, body = '') =>
  `<testsuite><testcase name="${name}">${body}</testcase></testsuite>`;

test('files are read wherever a pattern finds them, and kept as a log', async () => {
  const write = `mkdir -p out 'out/a b'; echo '${suite('one')}' >out/1.xml; printf '${suite('two', '<failure message="no"/>')}' >'out/a b/2.xml'; echo x >out/3.txt; ln -s /dev/zero out/4.xml; mkfifo out/5.xml; exit 1`;
  await using run = await tested(write, {
    format: 'junit',
    files: ['out/*.xml', 'out/a b/[12].xml', 'none/*'],
  });
  expect(run.row).toMatchObject({ results: FAILURE });
  expect(run.sets).toMatchObject([{ tests_passed: 1, tests_failed: 1, tests_skipped: 0, complete: true }]);
  expect(run.told).toEqual(['✔ one', '✗ two']);
  const { world } = run;
  expect((await world.logBytes(1, 0, 'test reports')).toString()).toBe(
    `\u001eout/1.xml\n${suite('one')}\n\u001eout/a b/2.xml\n${suite('two', '<failure message="no"/>')}`,
  );
  expect((await world.logBytes(1, 0)).toString()).toBe('');
});

test('a pattern is never read as anything but a pattern', async () => {
  const files = ['$(touch canary)', '`touch canary`; touch canary', '-rf *'];
  await using run = await tested('true', { format: 'tap', files });
  expect(run.told).toEqual([]);
  const files2 = await run.world.build('linux');
  expect(files2.results).toBe(SUCCESS);
  expect((await run.world.logBytes(1, 0, 'test reports')).toString()).toBe('');
});

test('without files the output of the command is read', async () => {
  await using run = await tested("printf '1..2\\nok 1 - a\\n'; printf 'not ok 2 - b\\n' >&2; exit 1", {
    format: 'tap',
  });
  expect(run.told.toSorted()).toEqual(['✔ a', '✗ b']);
  expect(run.sets).toMatchObject([{ description: 'tap', tests_failed: 1 }]);
});

test('more tests than one transaction takes are all there', async () => {
  await using run = await tested('i=0; while [ $i -lt 1200 ]; do i=$((i+1)); echo "ok $i - t$i"; done', {
    format: 'tap',
  });
  expect(run.told.length).toBe(1200);
});

test('a command that was ended has not told of all its tests', async () => {
  const options = { maxTime: '300ms' };
  await using run = await tested("echo 'ok 1 - a'; sleep 600", { format: 'tap' }, options);
  expect(run.told).toEqual(['✔ a', '✗ (report)']);
});

test('a step that tells nothing has a set without tests', async () => {
  await using run = await tested('exit 1', { format: 'junit', files: ['none.xml'] });
  expect(run.row).toMatchObject({ results: FAILURE });
  expect(run.sets).toMatchObject([{ tests_passed: 0, tests_failed: 0, complete: true }]);
});

test('a command that could not run tells of no tests', async () => {
  await using run = await tested('true', { format: 'tap' }, { command: ['/nonexistent/program'] });
  expect(run.sets).toEqual([]);
});

test('only what can be a report is taken from the configuration', () => {
  const faults = (tests: object) => checkStep({ type: 'shell', command: 'true', tests } as never).length;
  expect(faults({ format: 'junit', files: ['reports/*.xml'] })).toBe(0);
  expect(faults({ format: 'tap' })).toBe(0);
  for (const files of [['../x'], ['/etc/passwd'], [], [''], ['a\nb']])
    expect(faults({ format: 'junit', files })).toBeGreaterThan(0);
  expect(faults({ format: 'xunit' })).toBe(1);
});
