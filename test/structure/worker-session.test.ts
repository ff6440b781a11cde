/** The graph of a worker's session in docs/state-machines.md names the arrows that a real session takes, and no others. */
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../packages/worker/src/clock.ts';
import { CommandTable } from '../../packages/worker/src/commands/command-table.ts';
import { done } from '../../packages/worker/src/commands/outcome.ts';
import { silentLog } from '../../packages/worker/src/log.ts';
import { BlobPieces } from '../../packages/worker/src/session/blob-pieces.ts';
import { Session, type SessionState } from '../../packages/worker/src/session/session.ts';
import { Spool } from '../../packages/worker/src/spool/spool.ts';
import { arrow, graph } from './graphs.ts';

/** What a master says or does. */
const MASTER = {
  welcome: {
    ...{ type: 'welcome', protocol: 1, ackedSeq: 0, wanted: [], window: 1e6 },
    ...{ keepaliveMs: 60_000, timeoutMs: 60_000, graceMs: 600_000 },
  },
  cut: null,
  breach: { type: 'explode' },
  refused: { type: 'refused', code: 'unknown-worker', reason: 'who?', again: false },
  superseded: { type: 'superseded', reason: 'another process' },
} as const;
/** Of the test, which may run on a busy machine. */
const PATIENCE = { timeout: 10_000, interval: 10 };

type Event = keyof typeof MASTER | 'stop';

/** A session with one master, and the arrows that it takes. */
class Watched {
  readonly arrows: string[] = [];
  readonly #server: WebSocketServer;
  readonly #session: Session;
  #state: SessionState['kind'] = 'waiting';
  #cause = 'start';
  /** The call that has said hello and has not ended. */
  #call: WebSocket | null = null;
  /** Whether it stays in `waiting`, for it to be stopped there. */
  #isHeld = false;

  constructor(folder: string, server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (ws) => {
      ws.once('message', () => {
        this.#call = ws;
      });
    });
    const spool = new Spool({ folder, limitBytes: 1e6 });
    const commands = new CommandTable({ spool, run: async () => done(0) });
    let boots = 0;
    this.#session = new Session({
      ...{ clock: systemClock, log: silentLog, spool, commands, blobs: new BlobPieces() },
      ...{ name: 'w1', password: 'secret', newBootId: () => (++boots).toString(16).padStart(32, '0') },
      random: () => (this.#isHeld ? 0.999 : 0),
      info: { admin: null, host: null, accessUri: null, version: null, system: null, cpus: null },
      masters: [`ws://127.0.0.1:${(server.address() as AddressInfo).port}`],
      availability: () => ({ availability: 'eager', rule: 'default', reason: null, until: null, load: 0 }),
      onState: ({ kind }) => this.#enter(kind),
    });
    this.#session.start();
  }

  #enter(state: SessionState['kind']): void {
    const isCall = this.#state === 'waiting' && state === 'connecting';
    if (this.#cause !== 'start')
      this.arrows.push(arrow(this.#state, state, isCall ? 'delay over' : this.#cause, []));
    this.#state = state;
  }

  async feed(event: Event, next: Event | undefined): Promise<void> {
    if (event === 'stop') {
      this.#cause = event;
      return await this.#session.stop();
    }
    const call = await vi.waitFor(
      () => this.#call ?? Promise.reject(new Error('nobody has called')),
      PATIENCE,
    );
    this.#isHeld = next === 'stop';
    this.#cause = event;
    const taken = this.arrows.length;
    if (event !== 'welcome') this.#call = null;
    if (event === 'cut') call.terminate();
    else call.send(JSON.stringify(MASTER[event]));
    await vi.waitFor(() => expect(this.arrows.length).toBeGreaterThan(taken), PATIENCE);
  }

  async close(): Promise<void> {
    await this.#session.stop();
    for (const client of this.#server.clients) client.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function arrowsOf(path: readonly Event[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bb-session-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const session = new Watched(folder, server);
  for (const [index, event] of path.entries()) await session.feed(event, path[index + 1]);
  const { length } = session.arrows;
  await session.close();
  return session.arrows.slice(0, path.at(-1) === 'stop' ? undefined : length);
}

test('the session of a worker', async () => {
  // A stranger, one that is connected, one that was let in before; and each event there.
  const beginnings: Event[][] = [[], ['welcome'], ['welcome', 'cut']];
  const events: Event[] = ['welcome', 'cut', 'breach', 'refused', 'superseded', 'stop'];
  const paths = beginnings.flatMap((path) => events.map((event) => [...path, event]));
  const sensible = paths.filter((path) => path.join() !== 'welcome,welcome');
  const arrows = new Set<string>();
  for (const path of [...sensible, ['welcome', 'cut', 'refused', 'stop'] as Event[]])
    for (const taken of await arrowsOf(path)) arrows.add(taken);
  expect([...arrows].toSorted()).toEqual(graph('session'));
});
