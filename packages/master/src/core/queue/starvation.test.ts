/**
 * Nothing starves, over whole histories: requests arrive at random, builds take their time, fail and are tried again, and
 * workers come and go. After every round: nobody waits beside a worker that could take them, and nobody was passed over
 * for somebody less urgent. So only those can overtake a request who came before its ageing outweighed their priority.
 */
import { MAX_PRIORITY } from '@buildbot/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assign } from './assign.ts';
import { MOST_AGEING_MS, rank } from './order.ts';
import { type QueuedRequest, RequestQueue } from './request-queue.ts';
import { builder, request, worker } from './testing-world.ts';
import { isFree, type QueueWorker } from './worker-state.ts';

/** A history is up to ten days long: what priority is worth runs out several times over. */
const TICK = MOST_AGEING_MS / 4;
const LONGEST = 3;

const arrival = fc.record({
  builderId: fc.nat({ max: 2 }),
  priority: fc.oneof(fc.integer({ min: -1, max: 3 }), fc.constantFrom(-MAX_PRIORITY, MAX_PRIORITY)),
  /** How many rounds a build of it takes, and how many of its builds fail for reasons of the infrastructure. */
  rounds: fc.integer({ min: 1, max: LONGEST }),
  failures: fc.nat({ max: 2 }),
});
const tick = fc.record({
  arrivals: fc.array(arrival, { maxLength: 3 }),
  /** A worker that becomes available or not. */
  flips: fc.option(fc.nat({ max: 3 }), { nil: null, freq: 4 }),
});
const history = fc.record({
  eligible: fc.array(fc.uniqueArray(fc.nat({ max: 3 }), { minLength: 1 }), { minLength: 3, maxLength: 3 }),
  maxBuilds: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 4, maxLength: 4 }),
  ticks: fc.array(tick, { minLength: 1, maxLength: 40 }),
});

interface Build {
  request: QueuedRequest;
  worker: QueueWorker;
  endsAt: number;
}

/** A master with nothing but a queue and workers that take their time. */
class Farm {
  readonly queue = new RequestQueue();
  readonly workers: Map<number, QueueWorker>;
  readonly builders;
  readonly rounds = new Map<number, number>();
  readonly failures = new Map<number, number>();
  running: Build[] = [];
  served = 0;
  round = 0;

  constructor(eligible: readonly number[][], maxBuilds: readonly number[]) {
    this.workers = new Map(maxBuilds.map((limit, id) => [id, worker(id, { maxBuilds: limit })]));
    this.builders = new Map(eligible.map((ids, id) => [id, builder(id, ids)]));
  }

  get now(): number {
    return this.round * TICK;
  }

  arrive({
    builderId,
    priority,
    rounds,
    failures,
  }: { [K in 'builderId' | 'priority' | 'rounds' | 'failures']: number }) {
    const requestId = this.rounds.size + 1;
    this.rounds.set(requestId, rounds);
    this.failures.set(requestId, failures);
    this.queue.put(request(requestId, { builderId, priority, submittedAt: this.now }), this.now);
  }

  flip(id: number): void {
    const flipped = this.workers.get(id);
    if (flipped) flipped.availability = flipped.availability === 'eager' ? 'unavailable' : 'eager';
  }

  /** End what is due, start what can start, and check that it was right. */
  next(): void {
    this.round++;
    for (const build of this.running.filter(({ endsAt }) => endsAt <= this.round)) this.#end(build);
    this.running = this.running.filter(({ endsAt }) => endsAt > this.round);
    const assignments = assign({ ...this, now: this.now });
    for (const { request: started, workerId } of assignments) {
      const on = this.workers.get(workerId) as QueueWorker;
      expect(isFree(on)).toBe(true);
      on.running++;
      this.running.push({
        request: started,
        worker: on,
        endsAt: this.round + (this.rounds.get(started.requestId) ?? 1),
      });
    }
    this.#check(assignments);
  }

  /** A retry keeps priority and age. */
  #end({ request: ended, worker: on }: Build): void {
    on.running--;
    const left = this.failures.get(ended.requestId) ?? 0;
    this.failures.set(ended.requestId, left - 1);
    if (left === 0) this.served++;
    else {
      const again = { ...ended, notBefore: this.now + TICK, lastWorkerId: on.workerId };
      this.queue.put(again, this.now);
    }
  }

  #check(assignments: ReturnType<typeof assign>): void {
    for (const builderId of this.queue.readyBuilders()) {
      const mine = [...(this.builders.get(builderId)?.workerIds ?? [])];
      const waiting = this.queue.ready(builderId).at(0) as QueuedRequest;
      const free = mine.filter((id) => isFree(this.workers.get(id) as QueueWorker));
      expect(free, 'idle workers beside a request that could use them').toEqual([]);
      for (const { request: preferred, workerId } of assignments) {
        if (!mine.includes(workerId)) continue;
        expect(rank(preferred), 'the rank of whoever was preferred').toBeLessThanOrEqual(rank(waiting));
        const lead = preferred.submittedAt - waiting.submittedAt;
        expect(lead).toBeLessThanOrEqual(2 * MOST_AGEING_MS);
      }
    }
  }
}

test('whatever arrives and fails, nobody is passed over, no worker idles, and in the end all are served', () => {
  fc.assert(
    fc.property(history, ({ eligible, maxBuilds, ticks }) => {
      const farm = new Farm(eligible, maxBuilds);
      for (const { arrivals, flips } of ticks) {
        for (const one of arrivals) farm.arrive(one);
        if (flips !== null) farm.flip(flips);
        farm.next();
      }
      for (const one of farm.workers.values()) one.availability = 'eager';
      const all = farm.rounds.size;
      // At the worst one after the other: three attempts each, with a round of delay before the next.
      for (let left = all * 3 * (LONGEST + 1) + 1; left > 0 && farm.served < all; left--) farm.next();
      expect(farm.served).toBe(all);
    }),
    { numRuns: 200 },
  );
});
