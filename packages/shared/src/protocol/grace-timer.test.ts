import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { GraceTimer } from './grace-timer.ts';

let now = 0;
let over = 0;

beforeEach(() => {
  now = 0;
  over = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => vi.useRealTimers());

const timer = (graceMs = 600_000) =>
  new GraceTimer({
    clock: { monotonic: () => now },
    graceMs,
    returnMs: 45_000,
    onOver: () => {
      over++;
    },
  });

function pass(ms: number): void {
  now += ms;
  vi.advanceTimersByTime(ms);
}

test('gives up after the grace, once', () => {
  timer().arm();
  pass(599_999);
  expect(over).toBe(0);
  pass(1);
  pass(600_000);
  expect(over).toBe(1);
});

test('a grace of a month is a month, though Node has no timer that long', () => {
  const month = 30 * 86_400_000;
  timer(month).arm();
  pass(month - 1);
  expect(over).toBe(0);
  pass(1);
  expect(over).toBe(1);
});

test('tells what is left while it waits', () => {
  const grace = timer();
  expect(grace.leftMs).toBeNull();
  grace.arm();
  pass(1000);
  expect(grace.leftMs).toBe(599_000);
  grace.disarm();
  expect(grace.leftMs).toBeNull();
});

test('one that is back is not given up', () => {
  const grace = timer();
  grace.arm();
  pass(1000);
  grace.disarm();
  pass(600_000);
  expect(over).toBe(0);
});

test('who was frozen gives the other end time to come back first', () => {
  timer().arm();
  now += 3_600_000;
  vi.advanceTimersByTime(600_000);
  expect(over).toBe(0);
  pass(45_000);
  expect(over).toBe(1);
});
