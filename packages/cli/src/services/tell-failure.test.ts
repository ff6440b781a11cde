import { describe, expect, it } from 'vitest';
import { reduce } from '../view/reduce.ts';
import { EMPTY_STATE } from '../view/state.ts';
import { T0 } from '../view/testing/resources.ts';
import { STORY } from '../view/testing/story.ts';
import { failedDryRunText, failedTryText, isDryRunOf, machineFormOf } from './tell-failure.ts';

const failure = { exitCode: 5, message: 'not let in', hint: 'Ask.', isBug: false };
const known = STORY.slice(0, 4).reduce(reduce, EMPTY_STATE);

describe('a failed try', () => {
  it('is one object with the error and all that was known by then', () => {
    const object = JSON.parse(failedTryText('json', known, failure, T0));
    expect(object).toMatchObject({
      schema: 'buildbot.try/1',
      exitCode: 5,
      error: { message: 'not let in', hint: 'Ask.' },
      buildSetId: 7,
      result: null,
    });
    expect(object.events.map(({ event }: { event: string }) => event)).toEqual([
      'snapshot',
      'queued',
      'finished',
    ]);
  });

  it('is one event for those who have read the others', () => {
    expect(JSON.parse(failedTryText('events', known, failure, T0))).toEqual({
      schema: 'buildbot.try.event/1',
      event: 'finished',
      at: T0,
      exitCode: 5,
      text: 'not let in',
      error: { message: 'not let in', hint: 'Ask.' },
    });
  });
});

it('of a dry run is told in the schema of dry runs', () => {
  for (const form of ['json', 'events'] as const)
    expect(JSON.parse(failedDryRunText(form, failure))).toEqual({
      schema: 'buildbot.try.dryrun/1',
      exitCode: 5,
      error: { message: 'not let in', hint: 'Ask.' },
    });
  expect(failedDryRunText('events', failure)).not.toContain('\n');
  expect([['-n'], ['--dryrun', '--x'], ['--', '-n'], ['--json']].map(isDryRunOf)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

it.each([
  [['--json'], 'json'],
  [['-b', 'linux', '--events'], 'events'],
  [['--json', '--events'], 'json'],
  [['--', '--json'], null],
  [[], null],
])('of %j the form is %s', (argv, form) => {
  expect(machineFormOf(argv)).toBe(form);
});
