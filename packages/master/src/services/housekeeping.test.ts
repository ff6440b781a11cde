import { expect, test } from 'vitest';
import type { RetentionLimits } from '../ports/records.ts';
import type { Store } from '../ports/store.ts';
import { BuildWorld, silentLogger } from '../testing/build-world.ts';
import { stressStartStop } from '../testing/stress-start-stop.ts';
import { Housekeeping, type HousekeepingDeps } from './housekeeping.ts';

const config = {
  workers: [{ name: 'w1', password: 'x' }],
  builders: [{ name: 'linux', workers: ['w1'], steps: [{ type: 'shell', command: 'echo x' }] }],
};

const DAY = 86_400_000;
const clock = { now: () => Date.UTC(2030, 0, 1), monotonic: () => 0 };

function housekeeping(store: Pick<Store, 'cleanUp'>, change: Partial<HousekeepingDeps> = {}): Housekeeping {
  const retention = () => ({ builds: DAY, events: 7 * DAY });
  return new Housekeeping({ store: store as Store, clock, logger: silentLogger, retention, ...change });
}

test('forgets builds that are older than they are kept', async () => {
  await using world = await BuildWorld.make({ config });
  await world.build('linux');
  const service = housekeeping(world.store);
  await service.start();
  await world.eventually(
    'the build is forgotten',
    async () => (await world.builds()).length === 0 || undefined,
  );
  await service.stop();
});

test('turns durations into times and leaves alone what is kept for ever', async () => {
  const seen = Promise.withResolvers<RetentionLimits>();
  const cleanUp = async (limits: RetentionLimits) => {
    seen.resolve(limits);
    return { builds: 0, logs: 0, events: 0 };
  };
  const service = housekeeping({ cleanUp }, { batch: 5 });
  await service.start();
  const now = clock.now();
  const limits = { buildsBefore: now - DAY, logsBefore: null, eventsBefore: now - 7 * DAY, batch: 5 };
  expect(await seen.promise).toEqual({ ...limits, sessionsBefore: now - 30 * DAY });
  await service.stop();
});

test('goes on at once while rounds are full, and after a round that failed', async () => {
  const done = Promise.withResolvers<void>();
  let rounds = 0;
  const cleanUp = async () => {
    rounds++;
    if (rounds === 3) throw new Error('disk');
    if (rounds === 4) done.resolve();
    return { builds: rounds < 3 ? 100 : 0, logs: 0, events: 0 };
  };
  const service = housekeeping({ cleanUp }, { intervalMs: 1 });
  await service.start();
  await done.promise;
  await service.stop();
});

test('starts and stops in any order', async () => {
  await stressStartStop(housekeeping({ cleanUp: async () => ({ builds: 0, logs: 0, events: 0 }) }));
});
