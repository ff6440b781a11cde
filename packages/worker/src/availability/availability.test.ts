import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkerAvailability } from '@buildbot/shared';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AvailabilityWatch } from './availability.ts';

let basedir: string;
let open: AvailabilityWatch[];
let complaints: string[];
/** Wall clock and monotonic time of the test. */
let time: { now: number; monotonic: number };
let load: number;

beforeEach(() => {
  basedir = mkdtempSync(join(tmpdir(), 'availability-'));
  open = [];
  complaints = [];
  time = { now: Date.parse('2026-11-20T12:00Z'), monotonic: 0 };
  load = 0;
});

afterEach(() => {
  vi.useRealTimers();
  for (const watch of open) watch.stop();
  rmSync(basedir, { recursive: true, force: true });
});

function watchOf(rules: Partial<WorkerAvailability> = {}): AvailabilityWatch {
  const watch = new AvailabilityWatch({
    ...{ basedir, rules: { calendar: [], ...rules }, loadAverage: () => load },
    clock: { now: () => time.now, monotonic: () => time.monotonic },
    onTrouble: (error) => complaints.push(String(error)),
  });
  open.push(watch);
  return watch;
}

/** As the command does: whole or not at all. */
function write(text: string): void {
  writeFileSync(join(basedir, 'new'), text);
  renameSync(join(basedir, 'new'), join(basedir, 'availability'));
}

const eager = { availability: 'eager', rule: 'default', reason: null, until: null, load: 0 };

test('a worker is eager until somebody says otherwise', () => {
  expect(watchOf().state).toEqual(eager);
});

test('a running worker hears of a changed file at once, of the old form as well', async () => {
  const watch = watchOf();
  const told: string[] = [];
  watch.start(() => told.push(watch.state.availability));
  write('{"availability":"unavailable","reason":"maintenance"}');
  await vi.waitFor(() => expect(told).toEqual(['unavailable']));
  expect(watch.state).toMatchObject({ rule: "worker's admin", reason: 'maintenance', until: null });
  write('reluctant\n');
  await vi.waitFor(() => expect(told).toEqual(['unavailable', 'reluctant']));
  rmSync(join(basedir, 'availability'));
  await vi.waitFor(() => expect(told).toEqual(['unavailable', 'reluctant', 'eager']));
});

test('a file that makes no sense is complained about once and changes nothing', async () => {
  write('reluctant');
  const watch = watchOf();
  watch.start(() => undefined);
  write('busy\n');
  await vi.waitFor(() => expect(complaints).toHaveLength(1));
  expect(complaints[0]).toContain('expected eager, reluctant, unavailable');
  write('busy\n');
  write('eager\n');
  await vi.waitFor(() => expect(watch.state.availability).toBe('eager'));
  expect(complaints).toHaveLength(1);
});

test('what was said for a time ends by itself', () => {
  vi.useFakeTimers();
  const until = new Date(time.now + 8000).toISOString();
  write(JSON.stringify({ availability: 'unavailable', at: new Date(time.now).toISOString(), until }));
  const watch = watchOf();
  watch.start(() => undefined);
  expect(watch.state).toMatchObject({ availability: 'unavailable', until: Date.parse(until) });
  pass(7999);
  expect(watch.state.availability).toBe('unavailable');
  pass(1);
  expect(watch.state).toEqual(eager);
});

test('the lowest rule decides and is named: the calendar below the admin, the load below both', () => {
  vi.useFakeTimers();
  const hour = { timezone: 'UTC', days: new Set([4]), from: 13 * 60, to: 14 * 60 };
  const watch = watchOf({
    calendar: [{ ...hour, be: 'reluctant', reason: 'lunch' }],
    load: { above: 1, forMs: 10_000, below: 0.5, be: 'unavailable' },
  });
  watch.start(() => undefined);
  expect(watch.state).toEqual(eager);
  pass(3_600_000);
  const twoOClock = Date.parse('2026-11-20T14:00Z');
  expect(watch.state).toMatchObject({
    availability: 'reluctant',
    rule: "worker's calendar",
    until: twoOClock,
  });
  load = 1.5;
  pass(30_000);
  expect(watch.state).toMatchObject({ availability: 'unavailable', rule: "worker's load", load: 1.5 });
  expect(watch.state.reason).toBe('above 1 for 10s');
  load = 0.75;
  pass(30_000);
  expect(watch.state).toMatchObject({ rule: "worker's load", load: 0.75 });
  load = 0.25;
  pass(5000);
  expect(watch.state).toMatchObject({ availability: 'reluctant', rule: "worker's calendar" });
  pass(3_600_000);
  expect(watch.state.rule).toBe('default');
});

test('a wall clock that is set is noticed within seconds', () => {
  vi.useFakeTimers();
  const watch = watchOf({
    calendar: [
      { timezone: 'UTC', days: new Set([5]), from: 0, to: 1440, be: 'unavailable', reason: 'saturday' },
    ],
  });
  watch.start(() => undefined);
  expect(watch.state.availability).toBe('eager');
  time.now += 86_400_000;
  pass(5000);
  expect(watch.state.reason).toBe('saturday');
});

/** Both clocks and the timers go on together. */
function pass(ms: number): void {
  for (let left = ms; left > 0; left -= 1000) {
    const step = Math.min(1000, left);
    time.now += step;
    time.monotonic += step;
    vi.advanceTimersByTime(step);
  }
}
