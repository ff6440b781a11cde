import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWorld, type World } from '../testing/world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld({ heartbeatMs: 20 });
});
afterEach(() => world.close());

interface Message {
  event?: string;
  id?: string;
  data?: unknown;
}

/** What stands for the end of a stream. */
const END = 'end';

/** One event stream, read event by event; heartbeats are given only when asked for. */
async function stream(path: string, headers: Record<string, string> = {}) {
  const response = await world.get(path, { headers });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let rest = '';
  const nextBlock = async (): Promise<string> => {
    while (!rest.includes('\n\n')) {
      const { done, value } = await reader.read();
      if (done) return END;
      rest += Buffer.from(value).toString();
    }
    const end = rest.indexOf('\n\n');
    const block = rest.slice(0, end);
    rest = rest.slice(end + 2);
    return block;
  };
  const parse = (block: string): Message => {
    const message: Record<string, unknown> = {};
    for (const line of block.split('\n')) {
      const [, field = '', value = ''] = /^(\w+): (.*)$/.exec(line) ?? [];
      if (field === 'data') message.data = value.startsWith('{') ? JSON.parse(value) : value;
      else if (field !== '') message[field] = value;
    }
    return message;
  };
  const next = async (): Promise<Message> => {
    for (;;) {
      const message = parse(await nextBlock());
      if ('data' in message) return message;
    }
  };
  return { response, next, nextBlock, close: () => reader.cancel() };
}

describe('GET /api/v2/events', () => {
  it('says first where it begins, so that a reader who reads afterwards misses nothing', async () => {
    await world.build();
    const { newest } = await world.store.eventRange();
    const events = await stream('/api/v2/events?path=builds/*/*');
    expect(events.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(events.response.headers.get('x-event-number')).toBe(String(newest));
    expect(await events.next()).toEqual({ event: 'ready', id: String(newest), data: { n: newest } });
    await world.build();
    expect(await events.next()).toMatchObject({ data: { k: 'builds/2/new', m: { buildid: 2 } } });
    await events.close();
  });

  it('replays from a number and goes on live, each event once and in order', async () => {
    const first = await world.build();
    const events = await stream('/api/v2/events?path=builds/*/*&path=builders/*/builds/*/*&from=0');
    expect((await events.next()).event).toBe('ready');
    await world.finish(first);
    await world.build();
    const keys = [];
    const numbers = [];
    for (let i = 0; i < 3; i++) {
      const { data, id } = await events.next();
      keys.push((data as { k: string }).k);
      numbers.push(Number(id));
    }
    expect(keys).toEqual(['builds/1/new', 'builds/1/finished', 'builds/2/new']);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    await events.close();
  });

  it('takes up where the last event left off', async () => {
    await world.build();
    const all = await stream('/api/v2/events?path=builds/*/*&from=0');
    await all.next();
    const { id = '' } = await all.next();
    await all.close();
    await world.build();
    const again = await stream('/api/v2/events?path=builds/*/*&from=0', { 'Last-Event-ID': id });
    await again.next();
    expect(await again.next()).toMatchObject({ data: { k: 'builds/2/new' } });
    await again.close();
  });

  it('says resync when events are gone or not there yet', async () => {
    await world.build();
    const { newest } = await world.store.eventRange();
    const future = await stream('/api/v2/events?path=builds/*/*&from=99999');
    await future.next();
    const message = { event: 'resync', id: String(newest), data: { resync: true, n: newest } };
    expect(await future.next()).toEqual(message);
    await future.close();
  });

  it('tells log growth without an id', async () => {
    const running = await world.build();
    const events = await stream('/api/v2/events?path=logs/*/*');
    await events.next();
    await world.output(running, 'hello\n');
    const message = await events.next();
    expect(message).toMatchObject({ data: { k: 'logs/1/append', m: { num_bytes: 6 } } });
    expect(message).not.toHaveProperty('id');
    await events.close();
  });

  it('lives on in silence, and moves its id over what was not asked for', async () => {
    const events = await stream('/api/v2/events?path=builds/*/*');
    await events.next();
    await world.store.setSchedulerEnabled(1, false);
    const { newest } = await world.store.eventRange();
    let block = '';
    while (!block.includes(`id: ${newest}`)) block = await events.nextBlock();
    expect(block).toBe(`: still here\nid: ${newest}`);
    await events.close();
  });

  it('says last that the master stops, after all that there was to tell', async () => {
    const events = await stream('/api/v2/events?path=masters/*/*');
    await events.next();
    await world.store.masterStopped(world.masterId);
    const { newest } = await world.store.eventRange();
    const stopped = world.api.stop();
    expect(await events.next()).toMatchObject({ data: { k: 'masters/1/stopped', m: { active: false } } });
    expect(await events.next()).toEqual({ event: 'stopping', data: { n: newest } });
    expect(await events.nextBlock()).toBe(END);
    await stopped;
  });

  it('does not keep the master from stopping when nobody reads it', async () => {
    const events = await stream('/api/v2/events?path=masters/*/*');
    await world.api.stop();
    await events.close();
  });

  it.each(['', '?path=a/b&from=-1', '?path=a/b&from=x', '?path=a/b&token=x'])(
    'refuses "%s"',
    async (query) => {
      expect((await world.get(`/api/v2/events${query}`)).status).toBe(400);
    },
  );
});

describe('GET /sse/listen', () => {
  it('begins with its uuid and tells events with their key as a list', async () => {
    const events = await stream('/sse/listen/builds/*/*');
    const { event, data: uuid } = await events.next();
    expect(event).toBe('handshake');
    expect(await (await world.get(`/sse/add/${uuid}/steps/*/new`)).text()).toBe('ok');
    await world.build();
    expect(await events.next()).toMatchObject({
      event: 'event',
      data: { key: ['builds', '1', 'new'], message: { buildid: 1 } },
    });
    expect(await events.next()).toMatchObject({ data: { key: ['steps', '1', 'new'] } });
    expect(await (await world.get(`/sse/remove/${uuid}/steps/*/new`)).text()).toBe('ok');
    await events.close();
    expect((await world.get(`/sse/add/${uuid}/x/y`)).status).toBe(400);
  });
});
