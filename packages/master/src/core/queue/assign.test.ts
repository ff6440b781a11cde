import { MAX_PRIORITY } from '@buildbot/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AssignInput, assign } from './assign.ts';
import { AGEING_MS, compareRequests, MOST_AGEING_MS } from './order.ts';
import { type QueuedRequest, RequestQueue } from './request-queue.ts';
import { builder, request, worker, world } from './testing-world.ts';
import { isFree, type QueueWorker } from './worker-state.ts';

const pairs = (input: AssignInput): [number, number][] =>
  assign(input).map((assignment) => [assignment.request.requestId, assignment.workerId]);

test('priority comes first, then age', () => {
  const requests = [request(1), request(2, { priority: 5 }), request(3)];
  const input = world({ requests, workers: [worker(1)], builders: [builder(1, [1])] });
  expect(pairs(input)).toEqual([[2, 1]]);
  expect(pairs(input)).toEqual([[1, 1]]);
  expect(pairs(input)).toEqual([[3, 1]]);
});

test('waiting outweighs priority in the end', () => {
  const old = request(1, { submittedAt: 0 });
  const urgent = request(2, { priority: 2, submittedAt: 2 * AGEING_MS + 1 });
  expect([urgent, old].sort(compareRequests)[0]).toBe(old);
});

test('eager workers are taken before reluctant ones, free before loaded ones', () => {
  const workers = [
    worker(1, { availability: 'reluctant' }),
    worker(2, { maxBuilds: 2, running: 1 }),
    worker(3),
  ];
  const requests = [1, 2, 3, 4].map((id) => request(id));
  const input = world({ requests, workers, builders: [builder(1, [1, 2, 3])] });
  expect(pairs(input)).toEqual([
    [1, 3],
    [2, 2],
    [3, 1],
  ]);
});

test('one builder spreads over all its workers and fills each up to its limit', () => {
  const workers = [worker(1, { maxBuilds: 2 }), worker(2, { maxBuilds: 2 })];
  const requests = [1, 2, 3, 4, 5].map((id) => request(id));
  const input = world({ requests, workers, builders: [builder(1, [1, 2])] });
  expect(pairs(input)).toEqual([
    [1, 1],
    [2, 2],
    [3, 1],
    [4, 2],
  ]);
});

test('a worker without a limit takes everything', () => {
  const requests = Array.from({ length: 50 }, (_, id) => request(id));
  const input = world({ requests, workers: [worker(1, { maxBuilds: 0 })], builders: [builder(1, [1])] });
  expect(assign(input)).toHaveLength(50);
});

test('a worker that lost the last attempt is avoided while another is free', () => {
  const requests = [request(1, { lastWorkerId: 1 }), request(2)];
  const input = world({ requests, workers: [worker(1), worker(2)], builders: [builder(1, [1, 2])] });
  expect(pairs(input)).toEqual([
    [1, 2],
    [2, 1],
  ]);
  const alone = world({
    requests: [request(1, { lastWorkerId: 1 })],
    workers: [worker(1)],
    builders: [builder(1, [1])],
  });
  expect(pairs(alone)).toEqual([[1, 1]]);
});

test('of two free workers the one that lost the last attempt is left alone, though fitter and with the checkout', () => {
  const takenBy = (other: Partial<QueueWorker>) =>
    pairs(
      world({
        requests: [request(1, { lastWorkerId: 1 })],
        workers: [worker(1), worker(2, other)],
        builders: [builder(1, [1, 2], 1)],
      }),
    );
  expect(takenBy({ availability: 'reluctant' })).toEqual([[1, 2]]);
  // Nothing waits beside an idle worker.
  expect(takenBy({ running: 1 })).toEqual([[1, 1]]);
});

test('of workers with as much free capacity the one with the warm checkout is taken', () => {
  const workers = [worker(1), worker(2), worker(3, { availability: 'reluctant' }), worker(4, { running: 1 })];
  const warm = (...ids: number[]) =>
    world({ requests: [request(1)], workers, builders: [builder(1, [1, 2, 3, 4], ...ids)] });
  expect(pairs(warm(2))).toEqual([[1, 2]]);
  expect(pairs(warm(3))).toEqual([[1, 1]]);
  expect(pairs(warm(4, 3, 2))).toEqual([[1, 2]]);
});

test('a warm checkout on a worker that may not build this any more counts for nothing', () => {
  const input = world({
    requests: [request(1)],
    workers: [worker(1), worker(2)],
    builders: [builder(1, [2], 1)],
  });
  expect(pairs(input)).toEqual([[1, 2]]);
});

/** Each wish in its turn, the more important one against all that are less. */
test.each<[string, better: Partial<QueueWorker>, worse: Partial<QueueWorker>, warm: number]>([
  [
    'eager',
    { availability: 'eager', maxBuilds: 4, running: 3, measuredLoad: 9 },
    { availability: 'reluctant' },
    2,
  ],
  ['more free capacity', { maxBuilds: 4, running: 1, measuredLoad: 9 }, { maxBuilds: 4, running: 2 }, 2],
  ['a warm checkout', { measuredLoad: 9 }, { measuredLoad: 0 }, 5],
  ['less load', { measuredLoad: 0.25 }, { measuredLoad: 0.5 }, 0],
])('%s comes before what counts less', (_what, better, worse, warm) => {
  // The better one has the higher id, so that it never wins for that.
  const workers = [worker(5, better), worker(2, worse)];
  const input = world({
    requests: [request(1)],
    workers,
    builders: [builder(1, [2, 5], warm)],
  });
  expect(pairs(input)).toEqual([[1, 5]]);
});

test.each([
  ['paused', { paused: true }],
  ['shutting down', { graceful: true }],
  ['unavailable', { availability: 'unavailable' as const }],
  ['away', { connected: false }],
  ['silent', { silent: true }],
  ['suspect', { suspect: { forMs: 1000, reason: 'lost 3 builds in a row' } }],
  ['full', { running: 1 }],
])('a worker that is %s gets nothing', (_why, change) => {
  const input = world({ requests: [request(1)], workers: [worker(1, change)], builders: [builder(1, [1])] });
  expect(assign(input)).toEqual([]);
  expect(input.queue.size).toBe(1);
});

test('a request is not started before its time, and then is', () => {
  const requests = [request(1, { notBefore: 2000 })];
  const input = world({ requests, workers: [worker(1)], builders: [builder(1, [1])], now: 1000 });
  expect(assign(input)).toEqual([]);
  expect(input.queue.nextDueAt()).toBe(2000);
  expect(pairs({ ...input, now: 2000 })).toEqual([[1, 1]]);
  expect(input.queue.nextDueAt()).toBeNull();
});

test('a delayed request that left meanwhile does not come back', () => {
  const queue = new RequestQueue();
  queue.put(request(1, { notBefore: 2000 }), 0);
  queue.remove(1);
  queue.put(request(2, { notBefore: 3000 }), 0);
  queue.put(request(2, { notBefore: 1000 }), 0);
  expect(queue.nextDueAt()).toBe(1000);
  queue.admitDue(5000);
  expect(queue.size).toBe(1);
  expect([...queue.readyBuilders()]).toEqual([1]);
  expect(queue.ready(1).size).toBe(1);
});

const anyWorker = fc.record({
  maxBuilds: fc.nat({ max: 3 }),
  running: fc.nat({ max: 3 }),
  availability: fc.constantFrom('eager' as const, 'reluctant' as const, 'unavailable' as const),
  paused: fc.boolean(),
});
const anyWorld = fc.record({
  workers: fc.array(anyWorker, { maxLength: 6 }),
  eligible: fc.array(fc.uniqueArray(fc.nat({ max: 5 }), { maxLength: 6 }), { minLength: 1, maxLength: 4 }),
  requests: fc.array(fc.record({ builder: fc.nat({ max: 4 }), priority: fc.integer({ min: -3, max: 3 }) }), {
    maxLength: 20,
  }),
});

test('never overfills or misplaces, and leaves no request beside a free worker that could take it', () => {
  fc.assert(
    fc.property(anyWorld, ({ workers, eligible, requests }) => {
      const builders = eligible.map((ids, id) => builder(id, ids));
      const input = world({
        workers: workers.map((change, id) => worker(id, change)),
        builders,
        requests: requests.map((r, id) => request(id, { builderId: r.builder, priority: r.priority })),
      });
      const after = new Map([...input.workers].map(([id, w]) => [id, { ...w }]));
      for (const { request: assigned, workerId } of assign(input)) {
        expect(input.builders.get(assigned.builderId)?.workerIds).toContain(workerId);
        const target = after.get(workerId);
        expect(target && isFree(target)).toBe(true);
        if (target) target.running++;
        expect(input.queue.get(assigned.requestId)).toBeUndefined();
      }
      for (const builderId of input.queue.readyBuilders()) {
        const ids = [...(input.builders.get(builderId)?.workerIds ?? [])];
        expect(ids.some((id) => isFree(after.get(id) ?? worker(id, { paused: true })))).toBe(false);
      }
    }),
  );
});

test('nothing starves: however many more urgent requests arrive, each is served in bounded time', () => {
  const urgency = fc.oneof(fc.nat({ max: 3 }), fc.constant(MAX_PRIORITY));
  const arrivals = fc.array(fc.array(urgency, { minLength: 1, maxLength: 3 }), {
    minLength: 20,
    maxLength: 20,
  });
  fc.assert(
    fc.property(arrivals, (pattern) => {
      const tick = AGEING_MS;
      const queue = new RequestQueue();
      const watched: QueuedRequest = request(0, { submittedAt: 0, priority: 0 });
      queue.put(watched, 0);
      const input = { queue, workers: new Map([[1, worker(1)]]), builders: new Map([[1, builder(1, [1])]]) };
      // Only what comes within the time that priority is worth at most can ever overtake: at most 3 per tick.
      const bound = (MOST_AGEING_MS / tick) * 3 + 1;
      let id = 1;
      for (let n = 0; n <= bound; n++) {
        const now = n * tick;
        for (const priority of pattern[n % pattern.length] ?? []) {
          queue.put(request(id++, { priority, submittedAt: now }), now);
        }
        const [assignment] = assign({ ...input, now });
        if (assignment?.request === watched) return;
      }
      throw new Error(`not served within ${bound} rounds`);
    }),
  );
});
