/**
 * The master's API in a process of its own, for `fanout`: the real store, events and doors, without a farm. Told over IPC
 * to make so many events a second, or to say how much memory it takes.
 */
import { createWorld } from '../packages/master/src/api/testing/world.ts';

/** What the benchmark asks; each is answered by one message. */
export type Ask = { ask: 'events'; count: number; perSecond: number } | { ask: 'memory' };

/** When each event was begun to be made, in milliseconds since the epoch with fractions; or megabytes. */
export type Answer = { address: string } | { begun: number[]; seconds: number } | { mb: number };

const world = await createWorld();
const door = world.api.tcpDoor('127.0.0.1:0');
await door.start();
answer({ address: door.address ?? '' });

process.on('message', (ask: Ask) => {
  if (ask.ask === 'memory') answer({ mb: memoryMb() });
  else void makeEvents(ask).then(answer);
});
process.on('disconnect', () => void world.close().then(() => process.exit()));

/** One commit each. Those that come late are made up for at once, so that the rate is what was asked for if it can be. */
async function makeEvents({ count, perSecond }: { count: number; perSecond: number }) {
  const begun: number[] = [];
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    const wait = start + (i * 1000) / perSecond - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    begun.push(performance.timeOrigin + performance.now());
    await world.store.setSchedulerEnabled(1, i % 2 === 1);
  }
  return { begun, seconds: (performance.now() - start) / 1000 };
}

function memoryMb(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss / 1024 / 1024;
}

function answer(message: Answer): void {
  process.send?.(message);
}
