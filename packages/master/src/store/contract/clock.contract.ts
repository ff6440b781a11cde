/** Wall clocks are set back; what the store keeps does not run backwards. */
import { EVERYTHING, SUCCESS } from '@buildbot/shared';
import { describe, expect, test } from 'vitest';
import { type MakePlace, World } from './world.contract.ts';

const DAY_MS = 86_400_000;

export function clockContract(makePlace: MakePlace): void {
  describe('a clock that is set back by a day', () => {
    test('row 24: makes no claim, step, build, request or build set end before it began', async () => {
      const world = await World.make(makePlace);
      const requestId = await world.request();
      world.clock.advance(-DAY_MS);
      const claimed = await world.claim(requestId);
      world.clock.advance(-DAY_MS);
      const buildId = claimed?.build.buildId as number;
      const first = await world.store.startStep({ buildId, number: 0, name: 'a', stateString: '' });
      await world.store.startStep({ buildId, number: 1, name: 'b', stateString: '' });
      world.clock.advance(-DAY_MS);
      const stepId = first?.stepId as number;
      await world.store.finishStep({ stepId, results: SUCCESS, stateString: '', hidden: false });
      await world.finish(buildId);
      const rows = await Promise.all([
        ...(['steps', 'builds', 'buildrequests', 'buildsets'] as const).map(async (name) => {
          const { rows } = await world.store.query(name, EVERYTHING);
          return rows as object[];
        }),
      ]);
      const times = rows.flat().map((row) => {
        const { started_at, claimed_at, submitted_at, complete_at } = row as Record<
          string,
          number | undefined
        >;
        return {
          began: claimed_at ?? started_at ?? submitted_at ?? 0,
          submitted: submitted_at ?? 0,
          complete_at,
        };
      });
      expect(times).toHaveLength(5);
      for (const { began, submitted, complete_at } of times) {
        expect(complete_at).toBeGreaterThanOrEqual(began);
        expect(began).toBeGreaterThanOrEqual(submitted);
      }
    });
  });
}
