import { expect, test } from 'vitest';
import { builder, request, worker, world } from './testing-world.ts';
import { waitingReason } from './waiting.ts';

const busy = { running: 1 };

test.each<[string, Parameters<typeof world>[0], string]>([
  [
    'nobody there',
    { requests: [request(1)], workers: [worker(1, { connected: false })], builders: [builder(1, [1])] },
    'no worker is connected',
  ],
  [
    'the only worker is unavailable',
    {
      requests: [request(1)],
      workers: [
        worker(1, {
          ...{ availability: 'unavailable', availabilityRule: "worker's admin" },
          ...{ availabilityReason: 'maintenance', availabilityUntil: 7_860_000 },
        }),
      ],
      builders: [builder(1, [1])],
      now: 60_000,
    },
    "worker w1 is unavailable (worker's admin: maintenance, for another 2h10m)",
  ],
  [
    'several take none',
    {
      requests: [request(1)],
      workers: [worker(1, { paused: true }), worker(2, { silent: true })],
      builders: [builder(1, [1, 2])],
    },
    'worker w1 is paused, and 1 more take no builds',
  ],
  [
    'silent',
    { requests: [request(1)], workers: [worker(1, { silent: true })], builders: [builder(1, [1])] },
    'worker w1 does not answer',
  ],
  [
    'draining',
    { requests: [request(1)], workers: [worker(1, { graceful: true })], builders: [builder(1, [1])] },
    'worker w1 is shutting down',
  ],
  [
    'one busy worker',
    { requests: [request(1)], workers: [worker(1, busy)], builders: [builder(1, [1])] },
    'worker w1 is busy, next in line',
  ],
  [
    'no such builder',
    { requests: [request(1)], workers: [], builders: [] },
    'its builder is not configured any more',
  ],
  [
    'delayed',
    {
      requests: [request(1, { notBefore: 90_000 })],
      workers: [worker(1)],
      builders: [builder(1, [1])],
      now: 60_000,
    },
    'waits 30s before it is tried again',
  ],
])('%s', (_case, state, reason) => {
  expect(waitingReason(world(state), 1)).toBe(reason);
});

test('counts the more urgent requests of every builder that shares a worker', () => {
  const requests = [
    request(1),
    request(2, { builderId: 2 }),
    request(3, { builderId: 3 }),
    request(4),
    request(5, { builderId: 2, priority: 9 }),
    request(6, { builderId: 2 }),
  ];
  const builders = [builder(1, [1, 2]), builder(2, [2]), builder(3, [3])];
  const input = world({ requests, workers: [1, 2, 3].map((id) => worker(id, busy)), builders });
  expect(waitingReason(input, 4)).toBe('all 2 workers are busy, 3 requests ahead');
  expect(waitingReason(input, 2)).toBe('worker w2 is busy, 2 requests ahead');
});

test('says nothing about what is not in the queue', () => {
  expect(waitingReason(world({ requests: [], workers: [], builders: [] }), 1)).toBeNull();
});
