/**
 * Short rounds of chaos, one for each kind of fault and one with all: the minutes of it that every change must pass. Their
 * seeds are fixed, but for one: every run of the tests plays a round that nobody has played before.
 */
import { expect, test } from 'vitest';
import { cannotMount } from '../support/small-disk.ts';
import type { FaultKind } from './fault-plan.ts';
import { commandFor, DEFAULT_ROUND } from './options.ts';
import { failureText } from './report.ts';
import { type RoundOptions, runRound } from './round.ts';

const SMALL = {
  ...DEFAULT_ROUND,
  faults: 8,
  jobs: 16,
  spanMs: 4_000,
  maxTextBytes: 300_000,
  maxWaitMs: 1_000,
};

/** Play a round; a promise that was broken fails the test with all that is known about it. */
async function play(seed: number, kinds: FaultKind[], more: Partial<RoundOptions> = {}) {
  const round = { ...SMALL, kinds, ...more };
  const result = await runRound({ ...round, seed, signal: new AbortController().signal });
  if (result.violations.length > 0) throw new Error(failureText(result, commandFor(seed, round)));
  expect(result.accepted).toBe(round.jobs);
  return result;
}

test('rows 5 and 6: a master killed at random and at named points loses, doubles and forgets nothing', async () => {
  const { recoveries } = await play(501, ['kill']);
  expect(recoveries.length).toBeGreaterThan(SMALL.faults);
}, 240_000);

test('rows 1 and 4: links cut at random bytes, reset in storms, slow, silent or doubled change no byte of a log', async () => {
  const more = { faults: 40, jobs: 30, maxWaitMs: 300, maxTextBytes: 1_000_000 };
  const { connections, logBytes } = await play(101, ['link'], more);
  expect(connections).toBeGreaterThan(20);
  expect(logBytes).toBeGreaterThan(1_000_000);
}, 240_000);

test('rows 9 and 10: masters and workers that are frozen, longer than they are waited for, run nothing twice', async () => {
  await play(901, ['freeze'], { faults: 12, graceMs: 3_000, maxFreezeMs: 8_000 });
}, 240_000);

test('rows 7 and 29: workers that are killed leave no process, though the processes try to get away', async () => {
  const { fugitives } = await play(701, ['worker'], { faults: 12, escapes: 0.6 });
  expect(fugitives).toBeGreaterThan(5);
}, 240_000);

test('row 33: orders to stop in all moments, many at once, end each request once', async () => {
  const { cancelled } = await play(331, ['stop'], { jobs: 60, spanMs: 2_000 });
  expect(cancelled).toBeGreaterThan(5);
}, 240_000);

test('rows 20 and 24: syncs that fail and clocks that jump lose nothing', async () => {
  await play(201, ['sync', 'clock']);
}, 240_000);

test('a round that nobody has played before keeps every promise', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  // What needs root or a minute is left out; how to play it again is said here too, for a test that runs out of time.
  const kinds: FaultKind[] = ['kill', 'worker', 'freeze', 'link', 'stop', 'sync', 'clock'];
  const more = { faults: 6, jobs: 12, spanMs: 3_000, maxWaitMs: 800, maxFreezeMs: 1_500 };
  console.log(`chaos: random seed ${seed}: ${commandFor(seed, { ...SMALL, kinds, ...more })}`);
  await play(seed, kinds, more);
}, 240_000);

test.skipIf(cannotMount)(
  'rows 17, 18 and 19: full disks lose nothing',
  async () => {
    await play(171, ['disk']);
  },
  240_000,
);

test.skipIf(cannotMount)(
  'all faults at once keep every promise',
  async () => {
    await play(1, [...DEFAULT_ROUND.kinds], { faults: 20, jobs: 24 });
  },
  300_000,
);
