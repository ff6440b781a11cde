import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareRequests } from './order.ts';
import { type QueuedRequest, RequestQueue } from './request-queue.ts';
import { request } from './testing-world.ts';

const change = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    requestId: fc.nat({ max: 12 }),
    builderId: fc.nat({ max: 3 }),
    priority: fc.integer({ min: -2, max: 2 }),
    notBefore: fc.option(fc.nat({ max: 30 }), { nil: null, freq: 2 }),
  }),
  fc.record({ kind: fc.constant('remove' as const), requestId: fc.nat({ max: 12 }) }),
  fc.record({ kind: fc.constant('time' as const), passes: fc.nat({ max: 10 }) }),
  fc.record({ kind: fc.constant('anew' as const) }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** The same, with nothing kept in any order. */
class PlainQueue {
  readonly requests = new Map<number, QueuedRequest>();
  /** Requests that were once let in stay in, until they are put anew. */
  readonly ready = new Set<number>();

  admit(now: number): void {
    for (const { requestId, notBefore } of this.requests.values())
      if ((notBefore ?? now) <= now) this.ready.add(requestId);
  }

  heads(): QueuedRequest[] {
    const ready = [...this.requests.values()].filter(({ requestId }) => this.ready.has(requestId));
    const byBuilder = Map.groupBy(ready.sort(compareRequests), ({ builderId }) => builderId);
    return [...byBuilder.values()].map(([first]) => first as QueuedRequest).sort(compareRequests);
  }
}

function apply(step: Change, queue: RequestQueue, plain: PlainQueue, now: number): void {
  if (step.kind === 'put') {
    const { kind: _, requestId, ...rest } = step;
    const one = request(requestId, rest);
    queue.put(one, now);
    plain.requests.set(requestId, one);
    plain.ready.delete(requestId);
  }
  if (step.kind === 'remove') {
    queue.remove(step.requestId);
    plain.requests.delete(step.requestId);
    plain.ready.delete(step.requestId);
  }
  if (step.kind === 'anew') {
    queue.replaceAll([...plain.requests.values()], now);
    plain.ready.clear();
  }
}

test('the most urgent request of each builder is at hand, in order, whatever came, went and became due', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (steps) => {
      const queue = new RequestQueue();
      const plain = new PlainQueue();
      let now = 0;
      for (const step of steps) {
        if (step.kind === 'time') now += step.passes;
        apply(step, queue, plain, now);
        queue.admitDue(now);
        plain.admit(now);
        const heads = plain.heads();
        expect(heads.map((_, n) => queue.head(n))).toEqual(heads);
        expect(queue.head(heads.length)).toBeUndefined();
        expect([...queue.readyBuilders()]).toEqual(heads.map(({ builderId }) => builderId));
        expect(queue.size).toBe(plain.requests.size);
      }
    }),
  );
});
