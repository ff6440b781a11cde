/** The graph `place` of docs/state-machines.md names the arrows of a real desk of the master, in both directions. */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { CommandOutcome, Hello } from '@buildbot/shared';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { silentLogger } from '../../packages/master/src/log.ts';
import type { OpenedSession } from '../../packages/master/src/ports/records.ts';
import { Desk } from '../../packages/master/src/workers/desk.ts';
import { Link } from '../../packages/master/src/workers/link.ts';
import { arrow, graph } from './graphs.ts';

const KEY = '1.1.0.0';
const GRACE_MS = 60_000;
const TIMING = { keepaliveMs: 10_000, timeoutMs: 5000, graceMs: GRACE_MS };
const ENDED: CommandOutcome = {
  ...{ status: 'exited', code: 0, signal: null, cause: null },
  ...{ durationMs: 1, text: null, strays: 0 },
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The wire to one process, which notes what the process is told. */
class Wire extends EventEmitter {
  readonly #note: (effect: string) => void;
  readonly link: Link;
  isOlder = false;
  #isSilent = false;

  constructor(clock: { now(): number; monotonic(): number }, note: (effect: string) => void) {
    super();
    this.#note = note;
    const ws = this as unknown as WebSocket;
    this.link = new Link({ ws, socket: new PassThrough(), clock, timing: TIMING });
  }

  send(text: string): void {
    const { type } = JSON.parse(text) as { type: string };
    if (type === 'superseded') this.#note(this.isOlder ? 'supersede-older' : 'turn-away');
    else this.#note(type);
  }

  close(): void {}

  terminate(): void {
    if (!this.#isSilent) this.#note('cut-older');
  }

  /** The network, not the master, ends it. */
  breakOff(): void {
    this.#isSilent = true;
    this.link.cut('the network');
  }
}

/** One desk with at most one command, and everything that is done about it. */
class Watched {
  effects: string[] = [];
  #time = 0;
  #seq = 0;
  #wire: Wire | null = null;
  readonly #boots: string[] = [];
  readonly #desk: Desk;

  constructor() {
    const clock = this.#clock();
    this.#desk = new Desk(
      { workerId: 1, name: 'w1' },
      {
        ...{ clock, logger: silentLogger, timing: TIMING, window: 1e6, onChange: () => undefined },
        store: {
          openSession: async (_workerId, bootId) => this.#open(bootId),
          commitWorkerEffects: async () => undefined,
          setWorkerState: async () => undefined,
          noteWorker: async () => undefined,
        },
      },
    );
  }

  #clock() {
    return { now: () => this.#time, monotonic: () => this.#time };
  }

  /** As the store does it. */
  #open(bootId: string): OpenedSession {
    const isKnown = this.#boots.includes(bootId);
    if (isKnown && bootId !== this.#boots.at(-1)) return { standing: 'superseded', ackedSeq: 0 };
    if (!isKnown) this.#boots.push(bootId);
    return { standing: isKnown ? 'known' : 'new', ackedSeq: this.#seq };
  }

  get state(): string {
    const holds = this.#desk.has(KEY);
    if (this.#desk.connected === null) return holds ? 'awaited' : 'away';
    return holds ? 'busy' : 'idle';
  }

  /** `false` when this cannot happen now. */
  async feed(event: string): Promise<boolean> {
    const isConnected = this.#desk.connected !== null;
    const holds = this.#desk.has(KEY);
    this.effects = [];
    if (event === 'want' && !holds) this.#want();
    else if (event === 'ended' && this.state === 'busy')
      this.#say({ type: 'ended', key: KEY, outcome: ENDED });
    else if (event === 'breach' && isConnected) this.#wire?.emit('message', Buffer.from('no JSON'), false);
    else if (event === 'cut' && isConnected) this.#wire?.breakOff();
    else if (event === 'grace over' && this.state === 'awaited') this.#wait();
    else if (event === 'new process') await this.#hello(`boot ${this.#boots.length}`);
    else if (event === 'same process') await this.#hello(this.#boots.at(-1) as string);
    else if (event === 'replaced process') await this.#hello(this.#boots[0] as string);
    else return false;
    await settled();
    return true;
  }

  #want(): void {
    const command = { kind: 'stat', builddir: 'b', path: '' } as const;
    const wanted = { key: KEY, buildId: 1, command, logs: {}, blobs: {} };
    void this.#desk.run(wanted).then(({ status }) => {
      if (status === 'lost') this.effects.push('lose-command');
    });
  }

  #say(message: object): void {
    const text = JSON.stringify({ ...message, seq: ++this.#seq });
    this.#wire?.emit('message', Buffer.from(text), false);
  }

  #wait(): void {
    this.#time += GRACE_MS;
    vi.advanceTimersByTime(GRACE_MS);
  }

  async #hello(bootId: string): Promise<void> {
    const older = this.#wire;
    if (older !== null) older.isOlder = true;
    const wire = new Wire(this.#clock(), (effect) => this.effects.push(effect));
    const info = { admin: null, host: null, accessUri: null, version: null, system: null, cpus: null };
    const hello = {
      ...{ type: 'hello', protocol: { min: 1, max: 1 }, worker: 'w1', password: 'secret', bootId, info },
      ...{ availability: 'eager', availabilityRule: 'default', lastSeq: this.#seq },
      commands: this.#desk.has(KEY) ? [KEY] : [],
    } as Hello;
    await this.#desk.accept(wire.link, hello, 1);
    if (wire.link.isOpen) this.#wire = wire;
    else if (older !== null) older.isOlder = false;
  }
}

test('the place of a worker', async () => {
  // Two processes first, so that there is one that was replaced.
  const twice = ['new process', 'new process'];
  const paths = [
    [...twice, 'cut'],
    [...twice, 'cut', 'want'],
    [...twice, 'want', 'cut'],
    twice,
    [...twice, 'want'],
  ];
  const events = [
    ...['new process', 'same process', 'replaced process'],
    ...['want', 'ended', 'cut', 'breach', 'grace over'],
  ];
  const arrows = new Set<string>();
  for (const path of paths) {
    for (const event of events) {
      const desk = new Watched();
      for (const step of path) await desk.feed(step);
      const from = desk.state;
      if (await desk.feed(event)) arrows.add(arrow(from, desk.state, event, desk.effects));
    }
  }
  expect([...arrows].toSorted()).toEqual(graph('place'));
});
