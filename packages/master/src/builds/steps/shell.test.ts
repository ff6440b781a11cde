import { join } from 'node:path';
import { EXCEPTION, FAILURE, type Properties, type Results, SUCCESS, WARNINGS } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { BuildWorld } from '../../testing/build-world.ts';
import { commandLabel, fillIn } from './shell.ts';

async function shell(options: Record<string, unknown>, properties: Properties = {}) {
  const config = {
    workers: [{ name: 'w1', password: 'x' }],
    builders: [
      {
        name: 'linux',
        workers: ['w1'],
        env: { LEVEL: '%(prop:level:-none)s' },
        steps: [{ type: 'shell', ...options }],
      },
    ],
  };
  const world = await BuildWorld.make({ config });
  const build = await world.build('linux', { properties });
  const [step] = await world.steps(build.buildid);
  const log = async (name = 'stdio') => await world.logBytes(build.buildid, 0, name);
  return { step, log, world, [Symbol.asyncDispose]: async () => await world[Symbol.asyncDispose]() };
}

test("its log holds the command's own bytes and nothing else", async () => {
  await using run = await shell({ command: "printf 'a\\000\\377\\r\\nb'; printf err >&2" });
  expect((await run.log()).toString('latin1')).toBe('a\0\xff\r\nberr');
});

test('a list is run without a shell', async () => {
  await using run = await shell({ command: ['echo', '$HOME', ';', 'x y'] });
  expect((await run.log()).toString()).toBe('$HOME ; x y\n');
});

test('runs in the build folder by default, and where workdir says', async () => {
  await using plain = await shell({ command: 'pwd' });
  expect((await plain.log()).toString().trimEnd()).toBe(join(plain.world.root('w1'), 'linux', 'build'));
  await using deeper = await shell({ command: 'pwd', workdir: 'build/%(prop:buildername)s' });
  expect((await deeper.log()).toString().trimEnd()).toBe(
    join(deeper.world.root('w1'), 'linux', 'build/linux'),
  );
});

test("fills properties into its words and environment, the step's own over the builder's", async () => {
  await using run = await shell(
    {
      command: ['sh', '-c', 'echo $LEVEL $MINE $0', '%(prop:who)s'],
      env: { MINE: '<%(prop:who)s>', LEVEL: null },
    },
    { who: ['a; touch x', 'try build'], level: ['3', 'try build'] },
  );
  expect((await run.log()).toString()).toBe('<a; touch x> a; touch x\n');
});

test('a workdir that a property leads out of the build folder is refused', async () => {
  await using run = await shell(
    { command: 'pwd', workdir: '%(prop:where)s' },
    { where: ['../../etc', 'try build'] },
  );
  expect(run.step).toMatchObject({ results: EXCEPTION });
  expect(run.step?.state_string).toContain('below the build folder');
});

test.each<[string, Record<string, unknown>, Results, string]>([
  ['exit 0', {}, SUCCESS, "'exit 0' passed"],
  ['exit 2', {}, FAILURE, "'exit 2' failed (exit 2)"],
  ['exit 2', { decodeRC: { 2: 'warnings' } }, WARNINGS, "'exit 2' has warnings (exit 2)"],
  ['exit 0', { decodeRC: { 0: 'failure' } }, FAILURE, "'exit 0' failed (exit 0)"],
  ['kill -9 $$', {}, FAILURE, "'kill -9 $$' failed (killed by SIGKILL)"],
  ['sleep 600', { timeout: '100ms' }, FAILURE, "'sleep 600' timed out (no output for 0.1s)"],
  ['sleep 600', { maxTime: '100ms', timeout: null }, FAILURE, "'sleep 600' timed out (not done after 0.1s)"],
  ['exit 1', { description: 'unit tests' }, FAILURE, "'unit tests' failed (exit 1)"],
])('%s with %j reads as it should', async (command, options, results, stateString) => {
  await using run = await shell({ command, ...options });
  expect(run.step).toMatchObject({ results, state_string: stateString });
});

test('a program that is not there is a failure that names it', async () => {
  await using run = await shell({ command: ['/nonexistent/program'] });
  expect(run.step).toMatchObject({ results: FAILURE });
  expect(run.step?.state_string).toMatch(/^'\/nonexistent\/program' could not run: .*ENOENT/);
});

test('followed files become logs of their own', async () => {
  await using run = await shell({
    command: 'mkdir -p out; echo deep > out/test.log',
    logfiles: { 'test log': 'out/test.log' },
  });
  expect((await run.log('test log')).toString()).toBe('deep\n');
  expect((await run.log()).toString()).toBe('');
});

test('a line of shell takes no value that a shell would act on', async () => {
  const value = (text: string): Properties => ({ x: [text, 'try build'] });
  expect(fillIn('make %(prop:x)s', value('all tests-1.0'))).toBe('make all tests-1.0');
  for (const hostile of ['$(id)', '`id`', 'a;b', 'a|b', 'a\nb', "a'b", 'a"b', 'a&b', 'a>b', 'a*']) {
    expect(() => fillIn('make %(prop:x)s', value(hostile))).toThrow("the property 'x' holds characters");
    expect(fillIn(['make', '%(prop:x)s'], value(hostile))).toEqual(['make', hostile]);
  }
  await using run = await shell({ command: 'make %(prop:x)s' }, value('$(touch canary)'));
  expect(run.step?.results).toBe(EXCEPTION);
  expect((await run.log('err.text')).toString()).toContain('give the command as a list');
});

test.each<[string | string[], string]>([
  ['make test', 'make test'],
  [['make', 'test'], 'make test'],
  ['make -j 4 check TESTS="a b"', 'make -j 4 check…'],
  ['set -e\nmake\n', 'set -e make'],
  [`${'x'.repeat(60)}`, `${'x'.repeat(39)}…`],
])('%j is called %s', (command, label) => {
  expect(commandLabel(command)).toBe(label);
});

test('the environment of the test is not handed down', async () => {
  await using run = await shell({ command: 'env' });
  expect((await run.log()).toString()).not.toContain('VITEST');
});
