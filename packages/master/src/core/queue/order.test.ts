import { MAX_PRIORITY } from '@buildbot/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AGEING_MS, compareRequests, MOST_AGEING_MS, worth } from './order.ts';
import { request } from './testing-world.ts';

const priority = fc.oneof(
  fc.integer({ min: -MAX_PRIORITY, max: MAX_PRIORITY }),
  fc.integer({ min: -100, max: 100 }),
  fc.constantFrom(-MAX_PRIORITY, MAX_PRIORITY),
);
/** Of this century, as epoch milliseconds: the numbers must stay exact enough up there. */
const moment = fc.integer({ min: 946_684_800_000, max: 4_102_444_800_000 });

test('of two that came at once the higher priority goes first, also where one more step is worth next to nothing', () => {
  fc.assert(
    fc.property(priority, moment, (high, submittedAt) => {
      fc.pre(high > -MAX_PRIORITY);
      const [one, other] = [request(1, { priority: high - 1 }), request(2, { priority: high })];
      const both = [one, other].map((some) => ({ ...some, submittedAt }));
      expect(both.sort(compareRequests)[0]?.priority).toBe(high);
    }),
  );
});

test('who has waited for a day goes before all that come now, however urgent they are', () => {
  fc.assert(
    fc.property(priority, moment, (urgency, submittedAt) => {
      const old = request(2, { submittedAt });
      const urgent = request(1, { priority: urgency, submittedAt: submittedAt + MOST_AGEING_MS });
      expect(compareRequests(old, urgent)).toBeLessThan(0);
    }),
  );
});

test('the first step is worth an hour up and down, and each further one less', () => {
  expect([worth(1), worth(-1), worth(0)]).toEqual([AGEING_MS, -AGEING_MS, 0]);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), (low) => {
      const [step, next] = [worth(low + 1) - worth(low), worth(low + 2) - worth(low + 1)];
      expect(next).toBeLessThan(step);
    }),
  );
});
