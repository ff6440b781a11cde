import { expect, test } from 'vitest';
import { failureText, percentile, table, totalsOf } from './report.ts';
import type { RoundResult } from './round.ts';

const round: RoundResult = {
  seed: 7,
  faults: new Map([['kill', 2]]),
  ...{ accepted: 5, builds: 6, starts: 7, cancelled: 0, logs: 7, logBytes: 2_000_000 },
  ...{ events: 90, fugitives: 2, connections: 4 },
  retried: new Map([['worker lost', 1]]),
  recoveries: [100, 300],
  violations: [],
  left: null,
};
const broken: RoundResult = {
  ...round,
  seed: 8,
  recoveries: [900],
  violations: [{ kind: 'lost', text: 'job-8-1 was accepted and is not there' }],
  left: '/tmp/chaos-x',
};

test('counts are summed over all rounds, and what broke is counted by its kind', () => {
  const totals = totalsOf([round, broken]);
  expect(totals).toMatchObject({
    rounds: 2,
    faults: { kill: 4 },
    retried: { 'worker lost': 2 },
    accepted: 10,
    logBytes: 4_000_000,
  });
  expect(totals.violations).toMatchObject({ lost: 1, doubled: 0 });
  expect(totals.recovery).toEqual({ p50: 300, p99: 900, max: 900 });
  expect(table(totals)).toMatch(/^✗ lost +1$/m);
});

test('a run without a round has zeros', () => {
  expect(totalsOf([])).toMatchObject({ rounds: 0, accepted: 0, recovery: { p50: 0, p99: 0, max: 0 } });
});

test('percentiles are values that were measured', () => {
  const values = Array.from({ length: 100 }, (_, n) => 100 - n);
  expect([0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([50, 99, 100]);
});

test('a failure says what broke, how to see it again and where to look', () => {
  const text = failureText(broken, 'npm run chaos -- --seed 8');
  expect(text).toContain('✗ lost: job-8-1 was accepted and is not there');
  expect(text).toContain('SEED=8 reproduces: npm run chaos -- --seed 8');
  expect(text).toContain('left for you: /tmp/chaos-x');
});
