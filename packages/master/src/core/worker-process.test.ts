import { expect, test } from 'vitest';
import { buildLossText, PROCESS_GONE } from './worker-process.ts';

test('a lost build names its worker once, and what ran there when the process went', () => {
  expect(buildLossText('w1', PROCESS_GONE, 'make test')).toBe(
    "worker w1 died or was restarted while 'make test' ran",
  );
  expect(buildLossText('w1', 'the disk is full', 'make')).toBe('worker w1: the disk is full');
  expect(buildLossText('w1', 'worker w1 did not come back', 'make')).toBe('worker w1 did not come back');
});
