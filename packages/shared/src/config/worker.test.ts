import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UserError } from '../errors.ts';
import { parseWorkerFile } from './worker.ts';

const problemOf = (text: string) =>
  parseWorkerFile(text, 'worker.yaml').then(
    () => 'no problem',
    (error: Error) => error.message,
  );

test('reads a file and fills in the defaults', async () => {
  expect(await parseWorkerFile('name: w1\nmaster: ws://m:9989\npassword: s\n', 'worker.yaml')).toEqual({
    name: 'w1',
    master: 'ws://m:9989',
    password: 's',
    spoolMiB: 1024,
  });
});

test('a misspelt key is told with its line and the nearest one', async () => {
  expect(await problemOf('name: w1\nmaster: ws://m:1\npasword: s\n')).toBe(
    'worker.yaml:3: unknown key "pasword", did you mean "password"?',
  );
});

test('a wrong value, a missing key and broken YAML are told with their line', async () => {
  expect(await problemOf('# comment\nname: w1\nmaster: m\nspoolMiB: much\n')).toMatch(
    /^worker\.yaml:4: spoolMiB: /,
  );
  expect(await problemOf('name: w1\n')).toMatch(/^worker\.yaml:1: master: /);
  expect(await problemOf('name: w1\nmaster: "x\n')).toMatch(/^worker\.yaml:\d: /);
  expect(await problemOf('- a\n')).toMatch(/^worker\.yaml:1: /);
});

test('any text gives a file or a readable problem', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.string(), fc.constant('a: &a [*a, *a]'), fc.constant('<<: {name: x}')),
      async (text) => {
        const error = await parseWorkerFile(text, 'w').then(
          () => null,
          (thrown: unknown) => thrown,
        );
        expect(error === null || error instanceof UserError).toBe(true);
      },
    ),
  );
});
