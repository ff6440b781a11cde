/**
 * Test support for every service: starts and stops it over and over, in and out of order and all at once, and fails when
 * a call does not settle. What a service leaves behind (timers, listeners) keeps the test process from ending.
 */
import type { Service } from '../ports/service.ts';

const ROUNDS = 100;
const DEADLINE_MS = 20_000;

export async function stressStartStop(service: Service): Promise<void> {
  await settles('stop before start', service.stop());
  await settles('stop twice before start', service.stop());
  for (let round = 0; round < ROUNDS; round++) {
    await settles('start', service.start());
    if (round % 3 === 0) await settles('start while running', service.start());
    await settles('stop', service.stop());
    if (round % 3 === 1) await settles('stop while stopped', service.stop());
  }
  const all = Array.from({ length: ROUNDS }, (_, n) => (n % 2 === 0 ? service.start() : service.stop()));
  await settles('all at once', Promise.all(all));
  await settles('the last stop', service.stop());
}

async function settles(what: string, work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${what} did not settle`)), DEADLINE_MS);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
