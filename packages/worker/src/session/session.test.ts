/** The master here is a real WebSocket server that says whatever the test wants. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Availability, type Hello, type Welcome, workerMessageSchema } from '@buildbot/shared';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../clock.ts';
import { CommandTable } from '../commands/command-table.ts';
import type { Order } from '../commands/order.ts';
import { endedEarly } from '../commands/outcome.ts';
import { silentLog } from '../log.ts';
import { Spool } from '../spool/spool.ts';
import { BlobPieces } from './blob-pieces.ts';
import { Session, type SessionState } from './session.ts';

interface Call {
  ws: WebSocket;
  hello: Hello;
  /** Text messages after the hello. */
  said: { type: string; seq?: number; id?: number }[];
  closed: Promise<void>;
}

let server: WebSocketServer;
let calls: Call[];
let folder: string;
let spool: Spool;
let orders: Order[];
let states: SessionState[];
let session: Session;
let sessions: number;
let random: () => number;
let availability: Availability;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'session-'));
  calls = [];
  orders = [];
  states = [];
  sessions = 0;
  random = () => 0;
  availability = 'eager';
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  server.on('connection', (ws) => {
    const said: Call['said'] = [];
    const closed = new Promise<void>((resolve) => ws.once('close', () => resolve()));
    ws.on('message', (data) => {
      const message = workerMessageSchema.parse(JSON.parse(data.toString()));
      if (message.type === 'hello') calls.push({ ws, hello: message, said, closed });
      else said.push(message);
    });
  });
  spool = new Spool({ folder: join(folder, 'spool'), limitBytes: 1e6 });
  session = new Session({
    ...{ clock: systemClock, random: () => random(), log: silentLog, spool, blobs: new BlobPieces() },
    commands: new CommandTable({
      spool,
      run: (order) => {
        orders.push(order);
        return new Promise((resolve) => {
          order.signal.addEventListener('abort', () => resolve(endedEarly(order.signal.reason, 1)));
        });
      },
    }),
    ...{ name: 'w1', password: 'secret', newBootId: () => (++sessions).toString(16).padStart(32, '0') },
    info: { admin: null, host: null, accessUri: null, version: null, system: null, cpus: null },
    masters: [`ws://127.0.0.1:${(server.address() as AddressInfo).port}`],
    availability: () => ({ availability, rule: 'default', reason: null, until: null, load: 0 }),
    onState: (state) => states.push(state),
  });
  session.start();
});

afterEach(async () => {
  await session.stop();
  for (const client of server.clients) client.terminate();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

/** The n-th call of the worker, from 0. */
const call = (index = 0): Promise<Call> =>
  vi.waitFor(() => {
    const found = calls[index];
    if (found === undefined) throw new Error(`the worker has called ${calls.length} times`);
    return found;
  });

const say = ({ ws }: Call, message: object) => ws.send(JSON.stringify(message));

const welcome = (change: Partial<Welcome> = {}): Welcome => ({
  ...{ type: 'welcome', protocol: 1, ackedSeq: 0, wanted: [], window: 1e6 },
  ...{ keepaliveMs: 5000, timeoutMs: 5000, graceMs: 60_000, ...change },
});

const heard = (peer: Call, ...types: string[]) =>
  vi.waitFor(() =>
    expect(peer.said.map(({ type, seq }) => (seq === undefined ? type : `${type} ${seq}`))).toEqual(types),
  );

const command = { kind: 'stat', builddir: 'b', path: '' } as const;
const report = (type: string) =>
  spool.append(false, (seq) => Buffer.from(JSON.stringify({ type, seq, key: '1.1.0.0' })));

test('after a cut it sends what the master does not have, and only that', async () => {
  const first = await call();
  say(first, welcome());
  report('started');
  report('started');
  report('started');
  await heard(first, 'started 1', 'started 2', 'started 3');
  first.ws.terminate();
  const second = await call(1);
  expect(second.hello).toMatchObject({ bootId: first.hello.bootId, lastSeq: 3 });
  say(second, welcome({ ackedSeq: 2 }));
  await heard(second, 'started 3');
  expect(spool.ackedSeq).toBe(2);
});

test('however often the master goes, the worker calls again well within the grace', async () => {
  for (let index = 0; index < 6; index++) {
    const peer = await call(index);
    say(peer, welcome({ graceMs: 10_000 }));
    await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ kind: 'connected' }));
    // From here on only this wait is as long as can be.
    random = index === 5 ? () => 0.999_999 : () => 0;
    peer.ws.terminate();
    await peer.closed;
  }
  await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ kind: 'waiting', delayMs: 1999 }));
});

test('wanted commands begin, running ones go on, unwanted ones end', async () => {
  const first = await call();
  say(first, welcome({ wanted: [{ key: '1.1.0.0', command }] }));
  await vi.waitFor(() => expect(orders.map(({ key }) => key)).toEqual(['1.1.0.0']));
  say(first, { type: 'start', key: '1.1.1.0', command });
  await vi.waitFor(() => expect(orders).toHaveLength(2));
  first.ws.terminate();
  const second = await call(1);
  expect(second.hello.commands).toEqual(['1.1.0.0', '1.1.1.0']);
  say(second, welcome({ wanted: [{ key: '1.1.0.0', command }] }));
  await heard(second, 'ended 1');
  expect(orders.map(({ signal }) => signal.reason)).toEqual([undefined, 'stopped']);
  expect(orders).toHaveLength(2);
});

test('a ping is answered', async () => {
  const peer = await call();
  say(peer, welcome());
  say(peer, { type: 'ping', id: 77 });
  await vi.waitFor(() => expect(peer.said).toContainEqual({ type: 'pong', id: 77 }));
});

test.each([
  ['not JSON', 'hello?'],
  ['an unknown message', JSON.stringify({ type: 'explode' })],
  ['an acknowledgement of what was never sent', JSON.stringify({ type: 'ack', seq: 9 })],
  ['a welcome that acknowledges what was never sent', JSON.stringify(welcome({ ackedSeq: 9 }))],
  [
    'a word that it could make nothing of ours',
    JSON.stringify({ type: 'refused', code: 'malformed', reason: '?', again: true }),
  ],
  [
    'the same for good, as older masters say it',
    JSON.stringify({ type: 'refused', code: 'malformed', reason: '?', again: false }),
  ],
])('%s from the master ends that session, and a new one begins', async (_name, text) => {
  const peer = await call();
  peer.ws.send(text);
  await peer.closed;
  expect(states.at(-1)).toMatchObject({ kind: expect.stringMatching(/waiting|connecting/) });
  const second = await call(1);
  expect(second.hello.bootId).not.toBe(peer.hello.bootId);
  say(second, welcome());
  await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ kind: 'connected' }));
});

test('nothing of a broken session reaches the next: its commands end first, and nobody hears of them', async () => {
  const first = await call();
  say(first, welcome({ wanted: [{ key: '1.1.0.0', command }] }));
  report('started');
  await heard(first, 'started 1');
  await vi.waitFor(() => expect(orders).toHaveLength(1));
  say(first, { type: 'ack', seq: 77 });
  const second = await call(1);
  expect(orders[0]?.signal.reason).toBe('master-gone');
  expect(second.hello).toMatchObject({ commands: [], lastSeq: 0 });
  say(second, welcome());
  report('started');
  await heard(second, 'started 1');
});

test('a master that is being reconfigured is asked again, once it had let this worker in', async () => {
  say(await call(), welcome());
  await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ kind: 'connected' }));
  calls[0]?.ws.terminate();
  say(await call(1), { type: 'refused', code: 'unknown-worker', reason: 'who?', again: false });
  say(await call(2), welcome());
  await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ kind: 'connected' }));
});

test('a master that stops is called again, one that refuses for good is not', async () => {
  const refused = { type: 'refused', reason: 'later', again: true };
  say(await call(), { ...refused, code: 'shutting-down' });
  say(await call(1), { ...refused, code: 'unknown-worker', again: false, reason: 'never' });
  await vi.waitFor(() =>
    expect(states.at(-1)).toEqual({ kind: 'stopped', cause: 'refused', reason: 'never' }),
  );
  expect(calls).toHaveLength(2);
});

test('a worker that is replaced ends its commands and stays away', async () => {
  const peer = await call();
  say(peer, welcome({ wanted: [{ key: '1.1.0.0', command }] }));
  await vi.waitFor(() => expect(orders).toHaveLength(1));
  say(peer, { type: 'superseded', reason: 'another process' });
  await vi.waitFor(() =>
    expect(states.at(-1)).toEqual({ kind: 'stopped', cause: 'superseded', reason: 'another process' }),
  );
  expect(orders[0]?.signal.reason).toBe('worker-shutdown');
});

test('a stop ends the commands, and the master hears of it before the goodbye', async () => {
  const peer = await call();
  say(peer, welcome({ wanted: [{ key: '1.1.0.0', command }] }));
  peer.ws.on('message', () => say(peer, { type: 'ack', seq: 1 }));
  await vi.waitFor(() => expect(orders).toHaveLength(1));
  await session.stop();
  expect(peer.said).toMatchObject([{ type: 'ended', outcome: { cause: 'worker-shutdown' } }]);
  expect(states.at(-1)).toEqual({ kind: 'stopped', cause: 'asked', reason: null });
});

test('an outcome that no master has seen yet survives any number of connections', async () => {
  const first = await call();
  say(first, welcome({ wanted: [{ key: '1.1.0.0', command }] }));
  await vi.waitFor(() => expect(orders).toHaveLength(1));
  first.ws.terminate();
  await call(1);
  say(await call(1), welcome());
  await heard(await call(1), 'ended 1');
  (await call(1)).ws.terminate();
  const third = await call(2);
  expect(third.hello.commands).toEqual(['1.1.0.0']);
  say(third, welcome());
  await heard(third, 'ended 1');
  say(third, { type: 'ack', seq: 1 });
  await vi.waitFor(() => expect(spool.ackedSeq).toBe(1));
});

test('an availability that changes between hello and welcome is told after the welcome', async () => {
  const peer = await call();
  availability = 'reluctant';
  // Nobody listens yet.
  session.announceAvailability();
  say(peer, welcome());
  await vi.waitFor(() =>
    expect(peer.said).toEqual([expect.objectContaining({ type: 'availability', availability: 'reluctant' })]),
  );
});

test('one that is leaving says so, runs what still comes, and leaves when the master says goodbye', async () => {
  const peer = await call();
  say(peer, welcome({ drains: true }));
  const waits: string[] = [];
  let left = false;
  const drained = session.drain((waitsFor) => waits.push(waitsFor)).then(() => (left = true));
  await vi.waitFor(() => expect(peer.said).toContainEqual(expect.objectContaining({ graceful: true })));
  await vi.waitFor(() => expect(waits).toEqual(['the master to say that no build is left here']));
  say(peer, { type: 'start', key: '1.1.1.0', command });
  await vi.waitFor(() => expect(waits.at(-1)).toBe('1 command to end'));
  expect(left).toBe(false);
  peer.ws.terminate();
  const second = await call(1);
  expect(second.hello).toMatchObject({ graceful: true, commands: ['1.1.1.0'] });
  say(second, welcome({ drains: true }));
  await heard(second, 'availability', 'ended 1');
  say(second, { type: 'ack', seq: 1 });
  say(second, { type: 'refused', code: 'shutting-down', reason: 'no build is left', again: false });
  await drained;
  expect(states.at(-1)).toEqual({ kind: 'stopped', cause: 'asked', reason: null });
  expect(calls).toHaveLength(2);
});

test('one that is leaving and never had a command does not wait for a master that cannot tell', async () => {
  say(await call(), welcome());
  await session.drain(() => undefined);
});
