/**
 * Thousands of builds through everything that can go wrong, on virtual time. A failure prints its seed and the command that
 * shows it happen; `npm run bench -- simulation` says how many builds a processor minute holds.
 */
import { expect, test } from 'vitest';
import { reproduction, type SimulationOptions, type SimulationResult, simulate } from './simulate.ts';
import type { FaultKind } from './story.ts';

/** Seeds that always run: the first twenty, and those that once found something. */
const FIXED = [...Array.from({ length: 20 }, (_, index) => index + 1)];
const RANDOM = 10;

async function passes(options: SimulationOptions): Promise<SimulationResult> {
  const result = await simulate(options);
  expect(result.violation, reproduction(options.seed)).toBeNull();
  return result;
}

test('no story breaks an invariant: cuts, silence, crashes, freezes and master restarts, in any order', async () => {
  const random = Array.from({ length: RANDOM }, () => Math.floor(Math.random() * 2 ** 31));
  console.log(`simulation: random seeds ${random.join(', ')}`);
  let builds = 0;
  for (const seed of [...FIXED, ...random]) builds += (await passes({ seed })).builds;
  expect(builds).toBeGreaterThan(1000);
}, 180_000);

test('the same seed tells the same story, event by event', async () => {
  const story = async (seed: number): Promise<string[]> => {
    const lines: string[] = [];
    await simulate({ seed, trace: (line) => lines.push(line) });
    return lines;
  };
  const first = await story(7);
  expect(first.length).toBeGreaterThan(100);
  expect(await story(7)).toEqual(first);
  expect(await story(8)).not.toEqual(first);
});

test('row 33: 10,000 requests called off at any moment, also twice, have one result each', async () => {
  let requests = 0;
  let cancelled = 0;
  for (let seed = 101; requests < 10_000; seed++) {
    const result = await passes({ seed, requests: 850, cancels: 1, faults: ['cut', 'master-crash'] });
    requests += result.requests;
    cancelled += result.cancelled;
  }
  expect(cancelled).toBeGreaterThan(requests / 2);
  expect(cancelled).toBeLessThan(requests);
}, 180_000);

const rows: [string, FaultKind[]][] = [
  ['row 1: links that are cut and come back', ['cut']],
  ['rows 2 and 3: silence in one direction or both', ['silence']],
  ['rows 5 and 6: a master killed at any moment, also between a write and its answer', ['master-crash']],
  ['rows 7 and 8: a worker killed, or without power', ['crash', 'power']],
  ['rows 9 and 10: worker or master frozen, and thawed', ['freeze', 'master-freeze']],
];

test('a master that is killed again and again begins no build a second time', async () => {
  for (const seed of [301, 302, 303, 304]) {
    const { requests, builds } = await passes({ seed, faults: ['master-crash'], cancels: 0 });
    expect(builds).toBe(requests);
  }
});

test.each(rows)('%s', async (_row, faults) => {
  for (const seed of [201, 202, 203]) await passes({ seed, faults });
});
