/** The table of commands against a model of it, through any sequence of what may happen to a worker. */
import type { CommandOutcome } from '@buildbot/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CommandTable } from './command-table.ts';
import { done } from './outcome.ts';

const KEYS = ['1.1.0.0', '1.1.1.0', '2.1.0.0'] as const;
type Key = (typeof KEYS)[number];

/** Two builds, a folder each: the first two commands share theirs. */
const commandOf = (key: Key) => ({ kind: 'stat', builddir: key.split('.')[0] ?? '', path: '' }) as const;

const anyKey = fc.constantFrom(...KEYS);
const anyEvent = fc.oneof(
  fc.record({ type: fc.constantFrom('start' as const, 'stop' as const, 'done' as const), key: anyKey }),
  fc.record({ type: fc.constant('hello' as const), wanted: fc.uniqueArray(anyKey) }),
  fc.record({ type: fc.constant('acknowledge' as const) }),
);
type Event = typeof anyEvent extends fc.Arbitrary<infer E> ? E : never;

class Rig {
  readonly table: CommandTable;
  /** Reports of ends that were not acknowledged yet. */
  readonly reported: Key[] = [];
  readonly living = new Map<Key, { finish: (outcome: CommandOutcome) => void; signal: AbortSignal }>();
  #seq = 0;

  constructor() {
    this.table = new CommandTable({
      spool: {
        append: (_binary, encode) => this.#report(JSON.parse(Buffer.from(encode(++this.#seq)).toString())),
      },
      run: ({ key, signal }) => this.#run(key as Key, signal),
    });
  }

  async feed(event: Event): Promise<void> {
    if (event.type === 'hello')
      this.table.apply(event.wanted.map((key) => ({ key, command: commandOf(key) })));
    else if (event.type === 'start') this.table.start(event.key, commandOf(event.key));
    else if (event.type === 'stop') this.table.stop(event.key);
    else if (event.type === 'done') this.living.get(event.key)?.finish(done(0));
    else {
      this.table.forget(this.#seq);
      this.reported.length = 0;
    }
    await new Promise((resolve) => setImmediate(resolve));
    this.#check();
  }

  #report({ type, key }: { type: string; key: Key }): number {
    if (type === 'ended') {
      // One report of each end until it is acknowledged, and none of what still runs.
      expect(this.reported).not.toContain(key);
      expect(this.living.has(key)).toBe(false);
      this.reported.push(key);
    }
    return this.#seq;
  }

  #run(key: Key, signal: AbortSignal): Promise<CommandOutcome> {
    expect(this.living.has(key)).toBe(false);
    // What is being ended in a folder leaves it before anything else begins there.
    for (const [other, process] of this.living) {
      if (commandOf(other).builddir === commandOf(key).builddir) expect(process.signal.aborted).toBe(false);
    }
    return new Promise((resolve) => {
      const finish = (outcome: CommandOutcome): void => {
        this.living.delete(key);
        resolve(outcome);
      };
      this.living.set(key, { finish, signal });
    });
  }

  /** What it says it knows is what there is. */
  #check(): void {
    const known = this.table.known();
    for (const key of this.living.keys()) expect(known.get(key)).toBe('running');
    for (const key of this.reported) expect(known.get(key)).toBe('ended');
    const running = [...known.values()].filter((state) => state === 'running').length;
    expect(known.size - running).toBe(this.reported.length);
    expect(this.table.hasRunning).toBe(running > 0);
  }
}

test('whatever happens in whatever order, a command runs once, is reported once, and no folder is shared', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyEvent, { maxLength: 40 }), async (events) => {
      const rig = new Rig();
      for (const event of events) await rig.feed(event);
      // In the end everything can be ended, and all of it is told.
      const closing = rig.table.close();
      for (let round = 0; round < KEYS.length; round++) {
        for (const { finish } of [...rig.living.values()]) finish(done(0));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await closing;
      expect(rig.living.size).toBe(0);
      expect([...rig.table.known().values()]).not.toContain('running');
      rig.table.start(KEYS[0], commandOf(KEYS[0]));
      await new Promise((resolve) => setImmediate(resolve));
      expect(rig.living.size).toBe(0);
    }),
  );
});

test('a command that is stopped while it waits for its folder ends when the folder is free', async () => {
  const rig = new Rig();
  const [first, second] = KEYS;
  const events: Event[] = [
    { type: 'start', key: first },
    { type: 'stop', key: first },
    { type: 'start', key: second },
    { type: 'stop', key: second },
    { type: 'done', key: first },
    { type: 'done', key: second },
  ];
  for (const event of events) await rig.feed(event);
  expect(rig.reported).toEqual([first, second]);
});
