import { expect, it, vi } from 'vitest';
import { byteStream } from './byte-stream.ts';

const read = (stream: ReadableStream<Uint8Array>) => new Response(stream).text();

it('is what the source gives, text or bytes', async () => {
  const stream = byteStream(
    async function* () {
      yield 'ä';
      yield new Uint8Array([98]);
    },
    {},
    () => undefined,
  );
  expect(await read(stream)).toBe('äb');
});

it('asks the source for nothing before somebody reads', async () => {
  let made = 0;
  const stream = byteStream(
    async function* () {
      for (;;) yield String(made++);
    },
    {},
    () => undefined,
  );
  const reader = stream.getReader();
  expect(made).toBe(0);
  await reader.read();
  await reader.read();
  expect(made).toBe(2);
});

it('tells a waiting source that the reader has gone, and lets it clean up', async () => {
  const ends: string[] = [];
  const { promise: asleep, resolve: sleep } = Promise.withResolvers<void>();
  const stream = byteStream(
    async function* (signal) {
      try {
        yield 'first';
        sleep();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        ends.push('told');
      } finally {
        ends.push('cleaned up');
      }
    },
    {},
    () => ends.push('failure'),
  );
  const reader = stream.getReader();
  await reader.read();
  const waiting = reader.read();
  await asleep;
  await reader.cancel();
  await waiting;
  expect(ends).toEqual(['told', 'cleaned up']);
});

it('breaks off when the source fails, and never ends as if it were whole', async () => {
  const failure = new Error('disk');
  const source = async function* () {
    yield 'half';
    throw failure;
  };
  const seen: unknown[] = [];
  await expect(read(byteStream(source, {}, (error) => seen.push(error)))).rejects.toThrow('disk');
  const breakOff = vi.fn();
  const stream = byteStream(source, { breakOff }, (error) => seen.push(error));
  const reader = stream.getReader();
  await reader.read();
  void reader.read();
  await new Promise((resolve) => setImmediate(resolve));
  expect(breakOff).toHaveBeenCalledOnce();
  expect(seen).toEqual([failure, failure]);
});
