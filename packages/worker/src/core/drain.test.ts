import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ALONE_MS, type DrainSight, drainStep, IDLE_MS } from './drain.ts';

const sight = (change: Partial<DrainSight> = {}): DrainSight => ({
  ...{ connected: true, masterTells: true, running: 0, unreported: 0, everHadCommand: true, idleMs: 0 },
  ...change,
});
const waitsFor = (change: Partial<DrainSight>) => {
  const step = drainStep(sight(change));
  return step.kind === 'leave' ? 'leave' : step.waitsFor;
};

test('commands are waited for, then what the master must store, then its word', () => {
  expect(waitsFor({ running: 2, unreported: 1 })).toBe('2 commands to end');
  expect(waitsFor({ unreported: 1 })).toBe('the master to store how 1 command ended');
  expect(waitsFor({ idleMs: 1e9 })).toBe('the master to say that no build is left here');
});

test('a master that will not say so is not waited for when the worker was idle for long', () => {
  const older = { masterTells: false };
  expect(waitsFor(older)).toBe('the next step of a build that may be here');
  expect(waitsFor({ ...older, idleMs: IDLE_MS })).toBe('leave');
});

test('a worker that nobody can tell leaves at once when it never had a command, and soon when it had', () => {
  const alone = { connected: false };
  expect(waitsFor({ masterTells: false, everHadCommand: false })).toBe('leave');
  expect(waitsFor({ ...alone, everHadCommand: false })).toBe('leave');
  expect(waitsFor({ ...alone, idleMs: ALONE_MS - 1 })).toBe('a master that may be back in a moment');
  expect(waitsFor({ ...alone, idleMs: ALONE_MS })).toBe('leave');
});

test('it never leaves while a command runs or its end is not stored', () => {
  const any = fc.record({
    ...{ connected: fc.boolean(), masterTells: fc.boolean(), everHadCommand: fc.boolean() },
    ...{ running: fc.nat(3), unreported: fc.nat(3), idleMs: fc.nat() },
  });
  fc.assert(
    fc.property(any, (seen) => {
      if (seen.running + seen.unreported > 0) expect(drainStep(seen).kind).toBe('wait');
    }),
  );
});
