import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AvailabilityWatch, readAvailability, writeAvailability } from './availability.ts';

let basedir: string;

beforeEach(() => {
  basedir = mkdtempSync(join(tmpdir(), 'availability-'));
});

afterEach(() => rmSync(basedir, { recursive: true, force: true }));

test('a worker is eager until its admin says otherwise', async () => {
  expect(readAvailability(basedir)).toEqual({ availability: 'eager', rule: 'default' });
  await writeAvailability(basedir, 'unavailable');
  expect(readAvailability(basedir)).toEqual({ availability: 'unavailable', rule: "worker's admin" });
});

test('a running worker is told at once', async () => {
  const watch = new AvailabilityWatch(basedir, () => undefined);
  const told: string[] = [];
  watch.start(() => told.push(watch.state.availability));
  await writeAvailability(basedir, 'reluctant');
  await vi.waitFor(() => expect(told).toEqual(['reluctant']));
  await writeAvailability(basedir, 'eager');
  await vi.waitFor(() => expect(told).toEqual(['reluctant', 'eager']));
  watch.stop();
});

test('a file that makes no sense is complained about once and changes nothing', async () => {
  const complaints: string[] = [];
  writeFileSync(join(basedir, 'availability'), 'busy\n');
  const watch = new AvailabilityWatch(basedir, (error) => complaints.push(String(error)));
  watch.start(() => complaints.push('changed'));
  expect(watch.state.availability).toBe('eager');
  expect(complaints).toEqual([expect.stringContaining('must hold one of unavailable, reluctant, eager')]);
  watch.stop();
});
