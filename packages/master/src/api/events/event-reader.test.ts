import type { Log, StoredEvent } from '@buildbot/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CommitListener } from '../../ports/store.ts';
import { EventHub, type EventSource } from './event-hub.ts';
import { EventReader, type Told } from './event-reader.ts';

/** Events and growth on demand, with the promises of the real store's outbox. */
class FakeSource implements EventSource {
  events: StoredEvent[] = [];
  reads = 0;
  readonly #listeners = new Set<CommitListener>();

  /** One commit: an event for each list of keys, then the growth. */
  commit(paths: string[][], growth: Log[] = []): void {
    const first = (this.events.at(-1)?.number ?? 0) + 1;
    const events = paths.map((keys, i) => ({
      number: first + i,
      paths: keys,
      body: { first: keys[0] },
      at: 0,
    }));
    this.events.push(...events);
    for (const listener of this.#listeners) listener(events, growth);
  }

  /** Retention: only what is newer is kept. */
  forget(upTo: number): void {
    this.events = this.events.filter((event) => event.number > upTo);
  }

  onCommit(listener: CommitListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async eventRange(): Promise<{ oldest: number; newest: number }> {
    return { oldest: this.events[0]?.number ?? 0, newest: this.events.at(-1)?.number ?? 0 };
  }

  async eventsAfter(number: number, limit: number): Promise<StoredEvent[]> {
    this.reads++;
    return this.events.filter((event) => event.number > number).slice(0, limit);
  }
}

function growing(logId: number, bytes: number): Log {
  return {
    logId,
    stepId: logId,
    buildId: 1,
    name: 'stdio',
    slug: 'stdio',
    type: 's',
    complete: false,
    lines: bytes,
    bytes,
  };
}

async function world() {
  const source = new FakeSource();
  const hub = new EventHub(source);
  await hub.start();
  const reader = (patterns: string[], from: number | null = null, telling: 'once' | 'per pattern' = 'once') =>
    new EventReader(hub, { patterns, from, telling });
  return { source, hub, reader };
}

async function drain(reader: EventReader): Promise<Told[]> {
  const all: Told[] = [];
  for (let told = await reader.read(); told.length > 0; told = await reader.read()) all.push(...told);
  return all;
}

const numbers = (told: Told[]) => told.map((one) => one.n);
const build = (id: number, event = 'new') => [`builds/${id}/${event}`, `builders/1/builds/${id}/${event}`];

describe('EventReader', () => {
  it('tells what happens after it began, and not what was before', async () => {
    const { source, reader } = await world();
    source.commit([build(1)]);
    const events = reader(['builds/*/*']);
    source.commit([build(2), ['steps/1/new']]);
    expect(await drain(events)).toEqual([{ k: 'builds/2/new', m: { first: 'builds/2/new' }, n: 2 }]);
    expect(events.position).toBe(3);
  });

  it('begins in the past where it is asked to', async () => {
    const { source, reader } = await world();
    source.commit([build(1), build(2), build(3)]);
    expect(numbers(await drain(reader(['builds/*/*'], 1)))).toEqual([2, 3]);
  });

  it('reads from the store what is too old for memory, without gap or repeat', async () => {
    const { source, hub, reader } = await world();
    const events = reader(['builds/*/*']);
    for (let i = 1; i <= 3000; i++) source.commit([build(i)]);
    expect(hub.newest).toBe(3000);
    expect(numbers(await drain(events))).toEqual(Array.from({ length: 3000 }, (_, i) => i + 1));
    expect(source.reads).toBeGreaterThan(0);
  });

  it('does not ask the store while it keeps up', async () => {
    const { source, reader } = await world();
    const events = reader(['builds/*/*']);
    for (let i = 1; i <= 50; i++) {
      source.commit([build(i)]);
      expect(numbers(await events.read())).toEqual([i]);
    }
    expect(source.reads).toBe(0);
  });

  it('says resync when its position is not kept any more, and goes on from the newest', async () => {
    const { source } = await world();
    source.commit([build(1), build(2), build(3)]);
    source.forget(2);
    const hub = new EventHub(source);
    await hub.start();
    const events = new EventReader(hub, { patterns: ['builds/*/*'], from: 0, telling: 'once' });
    expect(await drain(events)).toEqual([{ resync: true, n: 3 }]);
    source.commit([build(4)]);
    expect(numbers(await drain(events))).toEqual([4]);
  });

  it('says resync to a position in the future', async () => {
    const { source, reader } = await world();
    source.commit([build(1)]);
    expect(await drain(reader(['builds/*/*'], 99))).toEqual([{ resync: true, n: 1 }]);
  });

  it('tells an event once, or once for each matching pattern', async () => {
    const { source, reader } = await world();
    const patterns = ['builders/*/builds/*/*', 'builds/*/*', 'builds/*'];
    const once = reader(patterns);
    const each = reader(patterns, null, 'per pattern');
    source.commit([build(7)]);
    expect((await drain(once)).map((told) => 'k' in told && told.k)).toEqual(['builders/1/builds/7/new']);
    expect((await drain(each)).map((told) => 'k' in told && told.k)).toEqual([
      'builders/1/builds/7/new',
      'builds/7/new',
    ]);
  });

  it('merges growth and keeps it between the same events', async () => {
    const { source, reader } = await world();
    const events = reader(['logs/*/*']);
    source.commit([['logs/5/new']]);
    source.commit([], [growing(5, 10)]);
    source.commit([], [growing(5, 20)]);
    source.commit([['logs/5/finished']]);
    expect(await drain(events)).toMatchObject([
      { k: 'logs/5/new', n: 1 },
      { k: 'logs/5/append', m: { num_bytes: 20 } },
      { k: 'logs/5/finished', n: 2 },
    ]);
  });

  it('wakes a waiting reader at an event that matches, and lets it sleep through one that does not', async () => {
    const { source, reader } = await world();
    const events = reader(['builds/*/*']);
    const never = new AbortController().signal;
    source.commit([['workers/1/connected']]);
    expect(await events.wait(never, 1)).toBe('timeout');
    expect(events.position).toBe(1);
    const waiting = events.wait(never, 60_000);
    source.commit([build(1)]);
    expect(await waiting).toBe('rung');
  });

  it('hears nothing after it was closed', async () => {
    const { source, reader } = await world();
    const events = reader(['logs/*/*']);
    events.close();
    source.commit([], [growing(1, 1)]);
    expect(await events.read()).toEqual([]);
  });

  it('tells who did what while its reader may see it, and not a moment longer', async () => {
    const { source, hub } = await world();
    let isAdministrator = true;
    const seesAudit = () => isAdministrator;
    const events = new EventReader(hub, { patterns: ['audit/*/*'], from: null, telling: 'once', seesAudit });
    source.commit([['audit/1/new']]);
    expect(numbers(await drain(events))).toEqual([1]);
    isAdministrator = false;
    source.commit([['audit/2/new']]);
    expect(await drain(events)).toEqual([]);
  });

  it('keeps nothing for one who reads nothing, tells the others all, and has the slow one read anew', async () => {
    const { source, reader } = await world();
    const stuck = Array.from({ length: 100 }, () => reader(['builds/*/*']));
    const quick = reader(['builds/*/*']);
    for (let i = 1; i <= 3000; i++) {
      source.commit([build(i)]);
      expect(numbers(await quick.read())).toEqual([i]);
    }
    expect(source.reads).toBe(0);
    source.forget(2900);
    for (const one of stuck) expect(await drain(one)).toEqual([{ resync: true, n: 3000 }]);
    source.commit([build(3001)]);
    for (const one of [quick, ...stuck]) expect(numbers(await drain(one))).toEqual([3001]);
  });

  it('replays for one pattern what was missed, up to its own position', async () => {
    const { source, reader } = await world();
    source.commit([build(1), ['steps/1/new'], build(2)]);
    const events = reader([]);
    source.commit([build(3)]);
    const replayed: Told[] = [];
    for await (const page of events.replay('builds/*/*', 1)) replayed.push(...page);
    expect(numbers(replayed)).toEqual([3, 4]);
  });

  it('tells every matching event once and in order, however commits and reads fall together', async () => {
    const step = fc.oneof(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
      fc.constant('read' as const),
      fc.constant('read later' as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { source, reader } = await world();
        const events = reader(['builds/*/*']);
        const told: Told[] = [];
        const pending: Promise<void>[] = [];
        let reading: Promise<unknown> = Promise.resolve();
        const readOnce = () => {
          reading = reading.then(async () => void told.push(...(await events.read())));
          return reading as Promise<void>;
        };
        for (const one of steps) {
          if (one === 'read') await readOnce();
          else if (one === 'read later') pending.push(readOnce());
          else source.commit(one.map((isBuild, i) => (isBuild ? build(i) : ['workers/1/missing'])));
        }
        await Promise.all(pending);
        told.push(...(await drain(events)));
        const expected = source.events.filter((event) => event.paths[0]?.startsWith('builds/'));
        expect(numbers(told)).toEqual(expected.map((event) => event.number));
      }),
    );
  });
});
