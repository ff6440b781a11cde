import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWorld, type Running, type World } from '../testing/world.ts';

let world: World;
let running: Running;
beforeEach(async () => {
  world = await createWorld();
  running = await world.build();
});
afterEach(() => world.close());

const raw = async (path: string) => {
  const response = await world.get(`/api/v2${path}`);
  return { response, bytes: await buffer(response.body as NodeReadableStream) };
};
const contents = async (query: string) => {
  const response = await world.get(`/api/v2/logs/1/contents${query}`);
  const body = (await response.json()) as { logchunks?: { content: string; firstline: number }[] };
  return { status: response.status, ...body.logchunks?.[0] };
};

describe('raw logs', () => {
  it('is what the command wrote, byte for byte, whatever it wrote', async () => {
    const bytes = Buffer.concat([
      Buffer.from('a\n\u001b[2J\0'),
      randomBytes(700_000),
      Buffer.from([0xff, 0x0a]),
    ]);
    for (let at = 0; at < bytes.length; at += 200_000)
      await world.output(running, bytes.subarray(at, at + 200_000));
    await world.finish(running);
    for (const path of [
      '/logs/1/raw',
      '/logs/1/raw_inline',
      '/builders/linux/builds/1/steps/0/logs/stdio/raw',
    ]) {
      const { response, bytes: got } = await raw(path);
      expect(createHash('sha256').update(got).digest('hex')).toBe(
        createHash('sha256').update(bytes).digest('hex'),
      );
      expect(response.headers.get('content-length')).toBe(String(bytes.length));
      expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    }
  });

  it('is saved under a harmless name, or shown', async () => {
    const name = 'filename=linux_build_1_step_make_test_log_stdio';
    expect((await raw('/logs/1/raw')).response.headers.get('content-disposition')).toBe(
      `attachment; ${name}`,
    );
    expect((await raw('/logs/1/raw_inline')).response.headers.get('content-disposition')).toBe(
      `inline; ${name}`,
    );
  });

  it('begins where it is asked to', async () => {
    await world.output(running, 'hello\nworld\n');
    expect((await raw('/logs/1/raw?offset=6')).bytes.toString()).toBe('world\n');
    expect((await raw('/logs/1/raw?offset=12')).bytes.toString()).toBe('');
    expect((await raw('/logs/1/raw?offset=13')).response.status).toBe(416);
  });

  it.each(['offset=-1', 'offset=x', 'follow=yes', 'limit=1'])('refuses ?%s', async (query) => {
    expect((await raw(`/logs/1/raw?${query}`)).response.status).toBe(400);
  });

  it('says with its head how things stand', async () => {
    await world.output(running, 'abc');
    const { headers } = await world.get('/api/v2/logs/1/raw', { method: 'HEAD' });
    expect([headers.get('x-log-size'), headers.get('x-log-complete')]).toEqual(['3', 'false']);
  });

  it('is followed until it is complete, as it grows, and no longer', async () => {
    await world.output(running, 'one\n');
    const response = await world.get('/api/v2/logs/1/raw?follow=1');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const next = async () => Buffer.from((await reader.read()).value ?? []).toString();
    expect(await next()).toBe('one\n');
    const second = next();
    await world.output(running, 'two\n');
    expect(await second).toBe('two\n');
    const end = reader.read();
    await world.finish(running);
    expect(await end).toMatchObject({ done: true });
  });

  it('lets go of the log when the follower goes', async () => {
    const response = await world.get('/api/v2/logs/1/raw?follow=1');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const waiting = reader.read();
    await reader.cancel();
    expect((await waiting).done).toBe(true);
    await world.output(running, 'unheard\n');
  });
});

describe('contents', () => {
  it('is lines with their stream letters, counted from 0', async () => {
    await world.output(running, 'a\nb\nc\n');
    expect(await contents('')).toMatchObject({ content: 'oa\nob\noc\n', firstline: 0 });
    expect(await contents('?offset=1&limit=1')).toMatchObject({ content: 'ob\n', firstline: 1 });
  });

  it('is empty past the end with a limit, and not there without', async () => {
    await world.output(running, 'a\n');
    expect(await contents('?offset=5&limit=10')).toMatchObject({ status: 200, content: '', firstline: 5 });
    expect((await contents('?offset=5')).status).toBe(404);
  });

  it('is an empty chunk for an empty log', async () => {
    expect(await contents('')).toMatchObject({ status: 200, content: '', firstline: 0 });
  });

  it('is one JSON text, however long the log', async () => {
    const line = 'a "quoted" line with \\ and \u001b and ü\n';
    await world.output(running, line.repeat(12_345));
    await world.finish(running);
    const { content, firstline } = await contents('?offset=45');
    expect(firstline).toBe(45);
    expect(content).toBe(`o${line}`.repeat(12_300));
  });

  it.each(['limit=-1', 'offset=x', 'follow=1'])('refuses ?%s', async (query) => {
    expect((await contents(`?${query}`)).status).toBe(400);
  });
});
