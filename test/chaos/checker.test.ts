import { CANCELLED, EXCEPTION, FAILURE, RETRY, SUCCESS } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { check, type History, VIOLATION_KINDS, type ViolationKind } from './checker.ts';

/** One job of two steps that was tried twice: its first attempt was lost with the master in step 0. */
function goodHistory(): History {
  const start = (key: string) => ({ kind: 'start' as const, key, jobId: 'a' });
  return {
    jobs: [{ id: 'a', accepted: true, results: FAILURE, steps: 2 }],
    requests: [{ requestId: 1, jobId: 'a', complete: true, results: FAILURE }],
    builds: [
      { buildId: 1, requestId: 1, name: 'b.1', complete: true, results: RETRY, stateString: '' },
      { buildId: 2, requestId: 1, name: 'b.2', complete: true, results: FAILURE, stateString: '' },
    ],
    logs: [
      { buildId: 1, step: 0, complete: true, bytes: 3, matches: 'prefix' },
      { buildId: 2, step: 0, complete: true, bytes: 9, matches: 'whole' },
      { buildId: 2, step: 1, complete: true, bytes: 9, matches: 'whole' },
    ],
    ledger: [
      start('b.1.0'),
      start('b.2.0'),
      { kind: 'fugitive', key: 'b.2.0', pid: 99 },
      { kind: 'end', key: 'b.2.0' },
      start('b.2.1'),
      { kind: 'end', key: 'b.2.1' },
    ],
    stopped: new Set(),
    events: [1, 2, 3, 4],
    newestEvent: 4,
    completions: new Map([[1, 1]]),
    orphans: [],
    crashes: [],
    blockedWorkers: [],
  };
}

/** The good history with some of it made anew. */
function changed(change: (good: History) => Partial<History>): History {
  const good = goodHistory();
  return { ...good, ...change(good) };
}

const request = goodHistory().requests[0] as History['requests'][number];
const build = goodHistory().builds[1] as History['builds'][number];
const job = goodHistory().jobs[0] as History['jobs'][number];

test('a history in which every promise was kept is in order', () => {
  expect(check(goodHistory())).toEqual([]);
});

const broken: [ViolationKind, string, (good: History) => Partial<History>][] = [
  ['lost', 'an accepted job without a request', ({ jobs }) => ({ jobs: [...jobs, { ...job, id: 'gone' }] })],
  [
    'doubled',
    'a job with two requests',
    ({ requests, completions }) => ({
      requests: [...requests, { ...request, requestId: 2, results: EXCEPTION }],
      completions: new Map([...completions, [2, 1]]),
    }),
  ],
  [
    'doubled',
    'a command that started twice',
    ({ ledger }) => ({
      ledger: [...ledger, { kind: 'start', key: 'b.2.1', jobId: 'a' }],
    }),
  ],
  [
    'doubled',
    'a start of a build without a record',
    ({ ledger }) => ({
      ledger: [...ledger, { kind: 'start', key: 'b.3.0', jobId: 'a' }],
    }),
  ],
  [
    'doubled',
    "a start of one job under another one's attempt",
    ({ ledger }) => ({
      ledger: [...ledger, { kind: 'start', key: 'b.1.1', jobId: 'x' }],
      requests: [{ ...request }],
    }),
  ],
  ['stuck', 'a request without an end', () => ({ requests: [{ ...request, complete: false }] })],
  [
    'stuck',
    'a build without an end',
    ({ builds }) => ({
      builds: [...builds, { ...build, buildId: 3, name: 'b.3', complete: false, results: RETRY }],
    }),
  ],
  [
    'stuck',
    'a log that is never closed',
    ({ logs }) => ({
      logs: logs.map((log) => ({ ...log, complete: log.buildId !== 1 })),
    }),
  ],
  [
    'wrong result',
    'a failure that passed',
    ({ builds }) => ({
      requests: [{ ...request, results: SUCCESS }],
      builds: builds.map((row) => (row.results === FAILURE ? { ...row, results: SUCCESS } : row)),
    }),
  ],
  ['wrong result', 'cancelled by nobody', () => ({ requests: [{ ...request, results: CANCELLED }] })],
  [
    'wrong result',
    'given up, though attempts were left',
    () => ({ requests: [{ ...request, results: EXCEPTION }] }),
  ],
  [
    'wrong result',
    'two final builds',
    ({ builds }) => ({
      builds: [...builds, { ...build, buildId: 3, name: 'b.3' }],
    }),
  ],
  [
    'wrong result',
    'a result that the build does not have',
    ({ builds }) => ({
      builds: builds.map((row) => (row.results === FAILURE ? { ...row, results: SUCCESS } : row)),
    }),
  ],
  [
    'wrong result',
    'a result of steps that did not run',
    ({ ledger }) => ({
      ledger: ledger.filter(({ kind, key }) => kind !== 'end' || key !== 'b.2.1'),
    }),
  ],
  ['wrong result', 'complete without a word', () => ({ completions: new Map() })],
  ['wrong result', 'complete twice', () => ({ completions: new Map([[1, 2]]) })],
  [
    'wrong result',
    'a request that nobody made',
    ({ requests, completions }) => ({
      requests: [...requests, { ...request, requestId: 2, jobId: 'nobody' }],
      completions: new Map([...completions, [2, 1]]),
    }),
  ],
  [
    'wrong log',
    'other bytes',
    ({ logs }) => ({
      logs: logs.map((log) => ({ ...log, matches: log.buildId === 1 ? 'differs' : log.matches })),
    }),
  ],
  [
    'wrong log',
    'too few bytes of a command that came to its end',
    ({ logs }) => ({
      logs: logs.map((log) => ({ ...log, matches: log.step === 1 ? 'prefix' : log.matches })),
    }),
  ],
  [
    'wrong log',
    'no log of a command that came to its end',
    ({ logs }) => ({
      logs: logs.filter(({ step }) => step === 0),
    }),
  ],
  ['event gap', 'an event left out', () => ({ events: [1, 2, 4] })],
  ['event gap', 'an event told twice', () => ({ events: [1, 2, 2, 3, 4] })],
  ['event gap', 'events in another order', () => ({ events: [1, 3, 2, 4] })],
  ['event gap', 'the newest event not told', () => ({ events: [1, 2, 3] })],
  ['orphan', 'a process that got away', () => ({ orphans: [{ pid: 99, key: 'b.2.0' }] })],
  ['slot kept', 'a worker that builds nothing more', () => ({ blockedWorkers: ['w1'] })],
  ['crash', 'a daemon that ended by itself', () => ({ crashes: ['master ended by itself (1)'] })],
];

test.each(broken)('finds %s: %s', (kind, _what, change) => {
  expect(check(changed(change)).map((violation) => violation.kind)).toContain(kind);
});

test('every kind of violation is shown to be found', () => {
  expect(new Set(broken.map(([kind]) => kind))).toEqual(new Set(VIOLATION_KINDS));
});

test('what somebody stopped may be cancelled', () => {
  const cancelled = changed(({ builds }) => ({
    requests: [{ ...request, results: CANCELLED }],
    builds: builds.map((row) => (row.buildId === 2 ? { ...row, results: CANCELLED } : row)),
    stopped: new Set(['a']),
  }));
  expect(check(cancelled)).toEqual([]);
});

test('a job that was never accepted may be there or not', () => {
  const job = { id: 'a', accepted: false, results: FAILURE, steps: 2 } as const;
  expect(check(changed(() => ({ jobs: [job] })))).toEqual([]);
  expect(check(changed(({ jobs }) => ({ jobs: [...jobs, { ...job, id: 'b' }] })))).toEqual([]);
});
