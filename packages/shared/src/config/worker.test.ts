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
    availability: { calendar: [] },
  });
});

test('a misspelt key is told with its line and the nearest one', async () => {
  expect(await problemOf('name: w1\nmaster: ws://m:1\npasword: s\n')).toBe(
    'worker.yaml:3:1: pasword: unknown key (did you mean "password"?)',
  );
});

test('a wrong value, a missing key and broken YAML are told with their line', async () => {
  expect(await problemOf('# comment\nname: w1\nmaster: m\nspoolMiB: much\n')).toMatch(
    /^worker\.yaml:4:11: spoolMiB: expected a number, found a text$/,
  );
  expect(await problemOf('name: w1\n')).toMatch(/^worker\.yaml:1:1: master: is missing$/);
  expect(await problemOf('name: w1\nmaster: "x\n')).toMatch(
    /^worker\.yaml:\d:\d+: a quote, bracket or colon is missing/,
  );
  expect(await problemOf('- a\n')).toBe('worker.yaml:1:1: expected keys with values, found a list');
});

test('reads calendar and load rules as plain data', async () => {
  const text = `name: w1
master: m
availability:
  calendar:
    - { days: fri-mon, from: "22:30", to: "06:00", timezone: Europe/Berlin, be: reluctant, reason: nightly backup }
    - { days: [sat, sun], be: unavailable }
  load: { above: 1.5, for: 2m, below: 0.8, be: reluctant }
`;
  const { availability } = await parseWorkerFile(text, 'worker.yaml');
  expect(availability).toEqual({
    calendar: [
      {
        ...{ days: new Set([4, 5, 6, 0]), from: 22 * 60 + 30, to: 360, timezone: 'Europe/Berlin' },
        ...{ be: 'reluctant', reason: 'nightly backup' },
      },
      { days: new Set([5, 6]), from: 0, to: 1440, timezone: null, be: 'unavailable', reason: null },
    ],
    load: { above: 1.5, forMs: 120_000, below: 0.8, be: 'reluctant' },
  });
});

test.each([
  ['{ dayz: mon, be: reluctant }', 'availability.calendar[1].dayz: unknown key (did you mean "days"?)'],
  ['{ days: mon-fry, be: reluctant }', 'availability.calendar[1].days: expected days such as'],
  ['{ from: 8am, be: reluctant }', 'availability.calendar[1].from: expected a time such as 08:00'],
  ['{ from: "08:00", to: "08:00", be: reluctant }', 'availability.calendar[1].to: the range is empty'],
  [
    '{ timezone: Europe/Berln, be: reluctant }',
    'unknown time zone "Europe/Berln", did you mean "Europe/Berlin"?',
  ],
  ['{ be: eager }', 'availability.calendar[1].be: '],
  ['{ days: mon }', 'availability.calendar[1].be: '],
])('a calendar rule %s is told with its line', async (rule, expected) => {
  const text = `name: w1\nmaster: m\navailability:\n  calendar:\n    - { be: reluctant }\n    - ${rule}\n`;
  const problem = await problemOf(text);
  expect(problem).toContain(expected);
  expect(problem).toMatch(/^worker\.yaml:6:\d+: /);
});

test('all that is wrong is told at once, in the order of the lines and fit for a terminal', async () => {
  expect(await problemOf('name: 7\n"a\\e[2Jb": 1\nmaster: ""\nspoolMiB: 0\n')).toBe(
    [
      'worker.yaml:1:7: name: expected a text, found a number',
      'worker.yaml:2:1: a␛[2Jb: unknown key (known: name, master, password, passwordFile, admin, host, spoolMiB, environment, availability)',
      'worker.yaml:3:9: master: must not be empty',
      'worker.yaml:4:11: spoolMiB: must be at least 1',
    ].join('\n'),
  );
});

test('a load rule that never ends is refused with its line', async () => {
  const text = 'name: w1\nmaster: m\navailability:\n  load:\n    above: 1\n    below: 2\n    be: reluctant\n';
  expect(await problemOf(text)).toBe('worker.yaml:6:12: availability.load.below: must be less than above');
});

test('a load that would have to be high for longer than a day is refused with its line', async () => {
  const text = 'name: w1\nmaster: m\navailability:\n  load: { above: 1, for: 2d, be: reluctant }\n';
  expect(await problemOf(text)).toBe(
    'worker.yaml:4:26: availability.load.for: must be from 0s to 1d: more never comes true',
  );
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
