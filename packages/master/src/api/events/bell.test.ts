import { expect, it } from 'vitest';
import { Bell } from './bell.ts';

const never = new AbortController().signal;

it('keeps a ring for the one who comes to wait later', async () => {
  const bell = new Bell();
  bell.ring();
  expect(await bell.wait(never, 60_000)).toBe('rung');
});

it('hands each ring out once', async () => {
  const bell = new Bell();
  const waiting = bell.wait(never, 60_000);
  bell.ring();
  expect(await waiting).toBe('rung');
  expect(await bell.wait(never, 1)).toBe('timeout');
});

it('ends the wait when its signal is aborted, before or meanwhile', async () => {
  const bell = new Bell();
  const controller = new AbortController();
  const waiting = bell.wait(controller.signal, 60_000);
  controller.abort();
  expect(await waiting).toBe('aborted');
  expect(await bell.wait(controller.signal, 60_000)).toBe('aborted');
});
