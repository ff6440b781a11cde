import { UserError } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { commandFor, DEFAULT_ROUND, readOptions } from './options.ts';

const read = (...argv: string[]) => readOptions(argv, () => 99);

test('without arguments it is a minute of all faults, from a seed of its own', () => {
  expect(read()).toEqual({ until: { minutes: 1 }, seed: 99, round: DEFAULT_ROUND });
});

test('rounds, minutes, seed, faults and sizes can be chosen', () => {
  expect(read('--minutes', '0.5').until).toEqual({ minutes: 0.5 });
  expect(read('--rounds', '3', '--seed', '5')).toMatchObject({ until: { rounds: 3 }, seed: 5 });
  const { round } = read('--faults', 'kill,link', '--count', '1', '--jobs', '2', '--workers', '4');
  expect(round).toMatchObject({ kinds: ['kill', 'link'], faults: 1, jobs: 2, workers: 4 });
});

test('the command that it prints plays the same round again', () => {
  const { round } = read('--faults', 'sync,disk', '--count', '7', '--grace', '9', '--escapes', '0.3');
  const [, ...argv] = commandFor(1234, round)
    .split(' -- ')
    .join(' ')
    .split(/ (?=--)/);
  const again = read(...argv.flatMap((option) => option.split(' ')));
  expect(again).toEqual({ until: { rounds: 1 }, seed: 1234, round });
});

test.each([
  ['--faults', 'kill,fire'],
  ['--minutes', '-1'],
  ['--rounds', 'many'],
  ['--unknown', '1'],
  ['--seed', '1e3'],
])('%s %s is refused', (...argv) => {
  expect(() => read(...argv)).toThrow(UserError);
});
