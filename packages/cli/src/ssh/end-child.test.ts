import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { endChild } from './end-child.ts';

test('a program that does as it is asked ends by the request', async () => {
  const child = spawn('sleep', ['987']);
  endChild(child);
  expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
});

test('a program that is frozen ends, too', async () => {
  const child = spawn('sleep', ['987']);
  child.kill('SIGSTOP');
  await expect.poll(() => readFileSync(`/proc/${child.pid}/stat`, 'utf8')).toMatch(/ T /);
  endChild(child);
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
});

test('a program that has ended is left alone', async () => {
  const child = spawn('true');
  await once(child, 'exit');
  endChild(child);
  expect(child.listenerCount('exit')).toBe(0);
});
