import { AVAILABILITIES } from '@buildbot/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { worker } from './testing-world.ts';
import { isUsable, unusableReason } from './worker-state.ts';

test('a worker that gets no builds has a reason, and one that gets them has none', () => {
  const change = fc.record({
    ...{ connected: fc.boolean(), paused: fc.boolean(), graceful: fc.boolean(), silent: fc.boolean() },
    availability: fc.constantFrom(...AVAILABILITIES),
    suspect: fc.option(fc.constant({ forMs: 1000, reason: 'it lost three' }), { nil: null }),
  });
  fc.assert(
    fc.property(change, (state) => {
      const some = worker(1, state);
      expect(unusableReason(some, 0) === null).toBe(isUsable(some));
    }),
  );
});
