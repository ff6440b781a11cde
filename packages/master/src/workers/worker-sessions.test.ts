/** The far side is a real WebSocket that says whatever the test wants; only the store is small. */
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { zstdCompressSync } from 'node:zlib';
import { encodeFrame, type MasterMessage, masterMessageSchema, WORKER_PATH } from '@buildbot/shared';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { WorkerEffect } from '../ports/records.ts';
import type { Logger } from '../ports/service.ts';
import { WorkerSessions } from './worker-sessions.ts';

const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => logger,
};

let server: Server;
let sessions: WorkerSessions;
let committed: WorkerEffect[];
let notes: { note: string }[];
/** What was written about the worker. */
let states: object[];
/** Told of each at once. */
let onState: (state: object) => void;
let acked: Map<string, number>;
/** Sessions that the store has noted, the newest last. */
let bootIds: string[];
let sockets: WebSocket[];
let storeIsReady: Promise<void>;

beforeEach(async () => {
  committed = [];
  notes = [];
  states = [];
  onState = () => undefined;
  sockets = [];
  storeIsReady = Promise.resolve();
  acked = new Map();
  bootIds = [];
  sessions = newSessions();
  await sessions.start();
  server = createServer();
  sessions.attach(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

/** The workers' side of a master; another one over the same store is that of its next process. */
function newSessions(timing = { keepaliveMs: 10_000, timeoutMs: 5000, graceMs: 60_000 }): WorkerSessions {
  return new WorkerSessions({
    store: {
      openSession: async (_workerId, bootId) => {
        const isKnown = bootIds.includes(bootId);
        if (!isKnown) bootIds.push(bootId);
        const older = bootId === bootIds.at(-1) ? ('known' as const) : ('superseded' as const);
        return { standing: isKnown ? older : 'new', ackedSeq: acked.get(bootId) ?? 0 };
      },
      commitWorkerEffects: async (_workerId, bootId, effects) => {
        await storeIsReady;
        committed.push(...effects);
        acked.set(bootId, effects.at(-1)?.seq ?? 0);
      },
      setWorkerState: async (_workerId, state) => {
        states.push(state);
        onState(state);
      },
      noteWorker: async (_workerId, note, facts) => void notes.push({ note, ...facts }),
    },
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    logger,
    workers: [{ workerId: 1, name: 'w1', password: 'secret' }],
    timing,
  });
}

async function restartMaster(timing?: Parameters<typeof newSessions>[0]): Promise<void> {
  await sessions.stop();
  server.removeAllListeners('upgrade');
  sessions = newSessions(timing);
  await sessions.start();
  sessions.attach(server);
}

afterEach(async () => {
  await sessions.stop();
  for (const socket of sockets) socket.terminate();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const port = () => (server.address() as AddressInfo).port;

const hello = (change: object = {}) => ({
  type: 'hello',
  protocol: { min: 1, max: 1 },
  worker: 'w1',
  password: 'secret',
  bootId: 'a'.repeat(32),
  info: { admin: null, host: null, accessUri: null, version: null, system: null, cpus: null },
  availability: 'eager',
  availabilityRule: 'default',
  commands: [],
  lastSeq: 0,
  ...change,
});

interface Peer {
  ws: WebSocket;
  heard: MasterMessage[];
  closed: Promise<void>;
  hears(type: MasterMessage['type']): Promise<MasterMessage>;
}

async function open(...first: (object | string | Buffer)[]): Promise<Peer> {
  const ws = new WebSocket(`ws://127.0.0.1:${port()}${WORKER_PATH}`);
  sockets.push(ws);
  const heard: MasterMessage[] = [];
  ws.on('message', (data) => {
    const message = masterMessageSchema.parse(JSON.parse(data.toString()));
    heard.push(message);
    if (message.type === 'ping') send(ws, { type: 'pong', id: message.id });
  });
  ws.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => ws.once('close', () => resolve()));
  await new Promise((resolve) => ws.once('open', resolve));
  for (const message of first) send(ws, message);
  const hears = (type: MasterMessage['type']) =>
    vi.waitFor(() => {
      const found = heard.find((message) => message.type === type);
      if (found === undefined) throw new Error(`no ${type} among ${JSON.stringify(heard)}`);
      return found;
    });
  return { ws, heard, closed, hears };
}

function send(ws: WebSocket, message: object | string | Buffer): void {
  if (typeof message === 'string' || Buffer.isBuffer(message)) ws.send(message);
  else ws.send(JSON.stringify(message));
}

const wanted = (key = '1.1.0.0') => ({
  key,
  buildId: 1,
  command: { kind: 'stat', builddir: 'b', path: '' } as const,
  logs: { stdio: 5 },
  blobs: {},
});

test('a good hello is welcomed with what is wanted', async () => {
  void sessions.pool.run(1, wanted());
  const peer = await open(hello());
  expect(await peer.hears('welcome')).toMatchObject({
    protocol: 1,
    ackedSeq: 0,
    wanted: [{ key: '1.1.0.0' }],
  });
});

test.each([
  [hello({ password: 'x' }), 'wrong-password'],
  [hello({ worker: 'w2' }), 'unknown-worker'],
  [hello({ protocol: { min: 2, max: 9 } }), 'protocol'],
  [hello({ bootId: 'short' }), 'malformed'],
  [{ type: 'ping', id: 1 }, 'malformed'],
  ['not json', 'malformed'],
  ['[]', 'malformed'],
  ['null', 'malformed'],
  [Buffer.from([0, 0, 0, 0]), 'malformed'],
])('first message no. %# is refused, and the connection closed', async (message, code) => {
  const peer = await open(message);
  await peer.closed;
  expect(peer.heard).toMatchObject([{ type: 'refused', code, again: code === 'malformed' }]);
  expect(sessions.pool.connected()).toEqual([]);
});

test('nothing may follow the hello before the welcome', async () => {
  const peer = await open(hello(), hello());
  await peer.closed;
  expect(peer.heard.at(-1)).toMatchObject({ type: 'refused', code: 'malformed' });
});

test('a browser page is kept out', async () => {
  const ws = new WebSocket(`ws://127.0.0.1:${port()}${WORKER_PATH}`, { origin: 'https://evil.example' });
  const status = await new Promise((resolve) => {
    ws.on('unexpected-response', (_request, response) => resolve(response.statusCode));
    ws.on('error', () => undefined);
  });
  expect(status).toBe(403);
});

test('a message is acknowledged after it is stored, and then its outcome is told', async () => {
  const outcome = sessions.pool.run(1, wanted());
  const peer = await open(hello());
  await peer.hears('welcome');
  const result = { status: 'failed', reason: 'x', infrastructure: false } as const;
  send(peer.ws, { type: 'ended', seq: 1, key: '1.1.0.0', outcome: result });
  expect(await peer.hears('ack')).toEqual({ type: 'ack', seq: 1 });
  expect(await outcome).toEqual(result);
  expect(committed).toMatchObject([{ kind: 'ended', seq: 1 }]);
});

test('numbers already stored are not stored again after a reconnect', async () => {
  void sessions.pool.run(1, wanted());
  const peer = await open(hello());
  await peer.hears('welcome');
  send(peer.ws, { type: 'started', seq: 1, key: '1.1.0.0' });
  await peer.hears('ack');
  const again = await open(hello({ commands: ['1.1.0.0'], lastSeq: 1 }));
  expect(await again.hears('welcome')).toMatchObject({ ackedSeq: 1 });
  await peer.closed;
  expect(peer.heard.map(({ type }) => type)).not.toContain('superseded');
  send(again.ws, { type: 'started', seq: 1, key: '1.1.0.0' });
  send(again.ws, { type: 'started', seq: 2, key: '1.1.0.0' });
  expect(await again.hears('ack')).toEqual({ type: 'ack', seq: 2 });
  expect(committed.map(({ seq }) => seq)).toEqual([1, 2]);
});

test('a takeover waits for what is being stored, so that nothing is asked for twice', async () => {
  void sessions.pool.run(1, wanted());
  const peer = await open(hello());
  await peer.hears('welcome');
  const { promise, resolve } = Promise.withResolvers<void>();
  storeIsReady = promise;
  send(peer.ws, { type: 'started', seq: 1, key: '1.1.0.0' });
  expect(await sessions.pool.ping(1, 5000)).toBe(true);
  await new Promise((next) => setImmediate(next));
  const newer = await open(hello({ commands: ['1.1.0.0'], lastSeq: 1 }));
  await peer.closed;
  expect(newer.heard).toEqual([]);
  resolve();
  expect(await newer.hears('welcome')).toMatchObject({ ackedSeq: 1 });
});

test('messages about the attempt of another only move the number on, and are told of once', async () => {
  const peer = await open(hello());
  await peer.hears('welcome');
  send(peer.ws, { type: 'started', seq: 1, key: '99.1.0.0' });
  send(peer.ws, { type: 'ended', seq: 2, key: '99.1.0.0', outcome: { status: 'lost', reason: '' } });
  await vi.waitFor(() => expect(peer.heard).toContainEqual({ type: 'ack', seq: 2 }));
  expect(committed).toEqual([
    { kind: 'stale', seq: 1, key: '99.1.0.0', what: 'started' },
    { kind: 'skipped', seq: 2 },
  ]);
});

test('row 41: a process that was replaced is told so, also when it comes back after a thaw', async () => {
  const older = await open(hello());
  await older.hears('welcome');
  const newer = await open(hello({ bootId: 'b'.repeat(32) }));
  await newer.hears('welcome');
  await older.closed;
  expect(older.heard.at(-1)).toMatchObject({ type: 'superseded' });
  const back = await open(hello());
  await back.closed;
  expect(back.heard).toMatchObject([
    { type: 'superseded', reason: expect.stringContaining('took its place') },
  ]);
  expect(await sessions.pool.ping(1, 5000)).toBe(true);
  expect(newer.heard.map(({ type }) => type)).not.toContain('superseded');
  expect(notes.map(({ note }) => note)).toEqual(['superseded', 'superseded']);
});

test('a process that was replaced before the master was restarted is turned away all the same', async () => {
  await (await open(hello())).hears('welcome');
  await (await open(hello({ bootId: 'b'.repeat(32) }))).hears('welcome');
  await restartMaster();
  const newer = await open(hello({ bootId: 'b'.repeat(32) }));
  await newer.hears('welcome');
  const thawed = await open(hello());
  await thawed.closed;
  expect(thawed.heard).toMatchObject([{ type: 'superseded' }]);
  expect(await sessions.pool.ping(1, 5000)).toBe(true);
  newer.ws.close();
});

test('a process that was replaced is turned away also when the one that replaced it is not back yet', async () => {
  bootIds.push('a'.repeat(32), 'b'.repeat(32));
  const thawed = await open(hello());
  await thawed.closed;
  expect(thawed.heard).toMatchObject([{ type: 'superseded' }]);
  expect(sessions.pool.connected()).toEqual([]);
});

test('a worker that breaks the protocol loses its session and its commands, and may come back with a new one', async () => {
  const outcome = sessions.pool.run(1, wanted());
  const peer = await open(hello());
  await peer.hears('welcome');
  const header = {
    type: 'log',
    seq: 1,
    key: '1.1.0.0',
    log: 'stdio',
    offset: 9,
    length: 1,
    newlines: 0,
    runs: [['o', 1]],
  };
  send(peer.ws, Buffer.from(encodeFrame(header, zstdCompressSync(Buffer.from('x')))));
  expect(await peer.hears('refused')).toMatchObject({ code: 'malformed', again: true });
  expect(await outcome).toMatchObject({
    status: 'lost',
    reason: expect.stringContaining('broke the protocol'),
  });
  const back = await open(hello({ bootId: 'b'.repeat(32) }));
  expect(await back.hears('welcome')).toMatchObject({ wanted: [] });
  expect(notes).toEqual([{ note: 'breach', reason: expect.stringContaining('bytes at 9 came after 0') }]);
});

test('a stop for a worker that is away is carried out when it is back', async () => {
  const outcome = sessions.pool.run(1, wanted());
  const peer = await open(hello());
  await peer.hears('welcome');
  peer.ws.terminate();
  await vi.waitFor(() => expect(sessions.pool.connected()).toEqual([]));
  sessions.pool.stop('1.1.0.0', 'cancelled');
  const back = await open(hello({ commands: ['1.1.0.0'] }));
  expect(await back.hears('welcome')).toMatchObject({ wanted: [] });
  const ended = {
    status: 'exited',
    code: null,
    signal: 'SIGTERM',
    cause: 'stopped',
    durationMs: 1,
    text: null,
    strays: 0,
  };
  send(back.ws, { type: 'ended', seq: 1, key: '1.1.0.0', outcome: ended });
  expect(await outcome).toEqual(ended);
});

test('a stop before any worker had the command ends it at once', async () => {
  const outcome = sessions.pool.run(1, wanted());
  sessions.pool.stop('1.1.0.0', 'cancelled');
  expect(await outcome).toMatchObject({ status: 'exited', cause: 'stopped' });
});

/** As an earlier process of the master has asked for it. */
const resumed = (received: Record<string, number>, key = '1.1.0.0') => ({
  ...wanted(key),
  resumed: { received },
});

test('a command of an earlier master goes on at the byte that is durable', async () => {
  bootIds = ['a'.repeat(32)];
  void sessions.pool.run(1, resumed({ stdio: 9 }));
  const peer = await open(hello({ commands: ['1.1.0.0'] }));
  expect(await peer.hears('welcome')).toMatchObject({ wanted: [{ key: '1.1.0.0' }] });
  const header = { type: 'log', seq: 1, key: '1.1.0.0', log: 'stdio', offset: 9, length: 1, newlines: 0 };
  const frame = encodeFrame({ ...header, runs: [['o', 1]] }, zstdCompressSync(Buffer.from('x')));
  send(peer.ws, Buffer.from(frame));
  await peer.hears('ack');
  expect(committed).toMatchObject([{ kind: 'log', key: '1.1.0.0', log: 'stdio', logId: 5 }]);
});

test('a command of an earlier master that the same process never got is given to it now', async () => {
  bootIds = ['a'.repeat(32)];
  void sessions.pool.run(1, resumed({}));
  const peer = await open(hello({ commands: [] }));
  expect(await peer.hears('welcome')).toMatchObject({ wanted: [{ key: '1.1.0.0' }] });
});

test('a command of an earlier master is lost with the process that may have had it, whatever the new one says', async () => {
  bootIds = ['f'.repeat(32)];
  const outcome = sessions.pool.run(1, resumed({}));
  const never = sessions.pool.run(1, wanted('1.1.1.0'));
  const peer = await open(hello({ commands: ['1.1.0.0'] }));
  expect(await peer.hears('welcome')).toMatchObject({ wanted: [{ key: '1.1.1.0' }] });
  expect(await outcome).toEqual({ status: 'lost', reason: 'its worker died or was restarted' });
  expect(await Promise.race([never, Promise.resolve('still wanted')])).toBe('still wanted');
});

test('a command of an earlier master that is stopped while its worker is away ends there first', async () => {
  bootIds = ['a'.repeat(32)];
  const outcome = sessions.pool.run(1, resumed({}));
  sessions.pool.stop('1.1.0.0', 'cancelled');
  const peer = await open(hello({ commands: ['1.1.0.0'] }));
  expect(await peer.hears('welcome')).toMatchObject({ wanted: [] });
  expect(await Promise.race([outcome, Promise.resolve('runs')])).toBe('runs');
});

test('what was sent to an older process is lost, what was not is given to the new one', async () => {
  const first = sessions.pool.run(1, wanted('1.1.0.0'));
  const peer = await open(hello());
  await peer.hears('welcome');
  peer.ws.terminate();
  await vi.waitFor(() => expect(sessions.pool.connected()).toEqual([]));
  void sessions.pool.run(1, wanted('1.1.1.0'));
  const next = await open(hello({ bootId: 'b'.repeat(32) }));
  expect(await next.hears('welcome')).toMatchObject({ wanted: [{ key: '1.1.1.0' }] });
  expect(await first).toMatchObject({
    status: 'lost',
    reason: expect.stringContaining('died or was restarted'),
  });
});

test('a worker that is taken out of the configuration stays, and may come back, until it is dismissed', async () => {
  const outcome = sessions.pool.run(1, wanted());
  const before = await open(hello());
  await before.hears('welcome');
  sessions.configure([]);
  expect(sessions.pool.departing()).toEqual([1]);
  before.ws.terminate();
  const peer = await open(hello());
  expect(await peer.hears('welcome')).toMatchObject({ wanted: [{ key: wanted().key }] });
  sessions.pool.dismiss(1);
  expect(sessions.pool.departing()).toEqual([]);
  expect(await peer.hears('refused')).toMatchObject({ code: 'unknown-worker', again: false });
  expect(await outcome).toMatchObject({ status: 'lost' });
});

test('a worker that was taken out while the master was away comes back to its builds, and nobody else under its name', async () => {
  bootIds = ['a'.repeat(32)];
  sessions.configure([]);
  sessions.pool.dismiss(1);
  sessions.pool.keep({ workerId: 1, name: 'w1', bootId: 'a'.repeat(32) });
  const outcome = sessions.pool.run(1, resumed({}));
  expect(sessions.pool.departing()).toEqual([1]);
  expect(await (await open(hello({ bootId: 'b'.repeat(32) }))).hears('refused')).toMatchObject({
    code: 'unknown-worker',
  });
  const peer = await open(hello());
  expect(await peer.hears('welcome')).toMatchObject({ wanted: [{ key: '1.1.0.0' }] });
  sessions.pool.dismiss(1);
  expect(await outcome).toMatchObject({ status: 'lost' });
  expect(await peer.hears('refused')).toMatchObject({ code: 'unknown-worker' });
  expect(await (await open(hello())).hears('refused')).toMatchObject({ code: 'unknown-worker' });
});

test('a worker that was taken out, and of which nothing is wanted when it calls, is told to end what it runs', async () => {
  sessions.configure([]);
  sessions.pool.dismiss(1);
  sessions.pool.keep({ workerId: 1, name: 'w1', bootId: 'a'.repeat(32) });
  sessions.pool.dismiss(1);
  expect(sessions.pool.departing()).toEqual([]);
  const peer = await open(hello({ commands: ['1.1.0.0'] }));
  expect(await peer.hears('superseded')).toMatchObject({
    reason: 'worker w1 was taken out of the configuration',
  });
});

test('a worker that is back in the configuration before it was dismissed has lost nothing', async () => {
  void sessions.pool.run(1, wanted());
  const peer = await open(hello());
  await peer.hears('welcome');
  sessions.configure([]);
  sessions.configure([{ workerId: 1, name: 'w1', password: 'secret' }]);
  sessions.pool.dismiss(1);
  expect(sessions.pool.departing()).toEqual([]);
  expect(sessions.pool.connected()).toMatchObject([{ workerId: 1 }]);
});

test('another password leaves who is connected alone, and is asked for at the next door', async () => {
  const peer = await open(hello());
  await peer.hears('welcome');
  sessions.configure([{ workerId: 1, name: 'w1', password: 'another' }]);
  expect(sessions.pool.connected()).toMatchObject([{ workerId: 1 }]);
  expect(await (await open(hello())).hears('refused')).toMatchObject({ code: 'wrong-password' });
  expect(await (await open(hello({ password: 'another' }))).hears('welcome')).toBeDefined();
});

test('a master that stops says so, and the worker may come back', async () => {
  const peer = await open(hello());
  await peer.hears('welcome');
  await sessions.stop();
  expect(await peer.hears('refused')).toMatchObject({ code: 'shutting-down', again: true });
  await sessions.start();
  const again = await open(hello());
  expect(await again.hears('welcome')).toBeDefined();
});

test('garbage of every kind ends that connection and harms nobody', async () => {
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({ type: fc.constantFrom('hello', 'ended', 'log', 'fetch'), seq: fc.jsonValue() })
      .map((it) => JSON.stringify(it)),
    fc.constant('{"__proto__":{"admin":true},"type":"ping","id":1}'),
  );
  const garbage = fc.oneof(
    text,
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(garbage, { minLength: 1, maxLength: 5 }),
      async (isLetIn, messages) => {
        const peer = await open(...(isLetIn ? [hello()] : []), ...messages);
        peer.ws.close();
        await peer.closed;
      },
    ),
    { numRuns: 150 },
  );
  expect(({} as { admin?: boolean }).admin).toBeUndefined();
  const peer = await open(hello({ bootId: 'c'.repeat(32) }));
  expect(await peer.hears('welcome')).toBeDefined();
});

test('half a handshake, a foreign path and an oversized frame are turned away', async () => {
  const raw = connect(port(), '127.0.0.1');
  raw.write('GET /worker HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nHost: x\r\n\r\n');
  const answer = await new Promise((resolve) => raw.once('data', (data) => resolve(data.toString())));
  expect(answer).toMatch(/^HTTP\/1.1 400/);
  raw.destroy();
  const peer = await open();
  peer.ws.send(Buffer.alloc(9 * 1024 * 1024));
  await peer.closed;
});

const says = (change: object = {}) => ({
  ...{ type: 'availability', availability: 'unavailable', rule: "worker's admin", graceful: false },
  ...{ reason: 'maintenance', until: 9000, load: 0.5, ...change },
});

test('what a worker says of its availability is kept with its reason and end, and of its load nothing is written', async () => {
  let changes = 0;
  sessions.pool.onChange(() => changes++);
  const peer = await open(hello({ availabilityReason: 'early', load: 0.25 }));
  await peer.hears('welcome');
  expect(sessions.pool.connected()).toMatchObject([{ availabilityReason: 'early', load: 0.25 }]);
  send(peer.ws, says());
  await vi.waitFor(() => expect(sessions.pool.connected()).toMatchObject([{ load: 0.5 }]));
  send(peer.ws, says({ load: 0.75 }));
  await vi.waitFor(() => expect(sessions.pool.connected()).toMatchObject([{ load: 0.75 }]));
  expect(sessions.pool.connected()).toMatchObject([
    { availability: 'unavailable', availabilityReason: 'maintenance', availabilityUntil: 9000 },
  ]);
  await vi.waitFor(() => expect(states).toHaveLength(2));
  expect(changes).toBe(2);
  expect(states.at(-1)).toEqual({
    ...{ availability: 'unavailable', availabilityRule: "worker's admin" },
    ...{ availabilityReason: 'maintenance', availabilityUntil: 9000 },
  });
});

test('an older worker, which says less, is understood', async () => {
  const peer = await open(hello());
  await peer.hears('welcome');
  send(peer.ws, { type: 'availability', availability: 'reluctant', rule: 'x', graceful: false });
  await vi.waitFor(() =>
    expect(sessions.pool.connected()).toMatchObject([
      { availability: 'reluctant', availabilityReason: null, availabilityUntil: null, load: null },
    ]),
  );
});

test('a worker that leaves is known by that over any connection, and gets its goodbye', async () => {
  const peer = await open(hello());
  expect(await peer.hears('welcome')).toMatchObject({ drains: true });
  send(peer.ws, says({ graceful: true }));
  await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ graceful: true }));
  const again = await open(hello({ graceful: true }));
  await again.hears('welcome');
  expect(sessions.pool.connected()).toMatchObject([{ graceful: true }]);
  sessions.pool.release(1);
  expect(await again.hears('refused')).toMatchObject({ code: 'shutting-down', again: false });
  await again.closed;
});

test('the wish of a worker to leave goes with it, that of an administrator stays until another process comes', async () => {
  const wisher = await open(hello());
  await wisher.hears('welcome');
  send(wisher.ws, says({ graceful: true }));
  await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ graceful: true }));
  wisher.ws.terminate();
  await vi.waitFor(() => expect(states.at(-1)).toEqual({ connected: false, graceful: false }));
  const other = await open(hello());
  await other.hears('welcome');
  other.ws.terminate();
  await vi.waitFor(() => expect(states.at(-1)).toEqual({ connected: false }));
});

test('the last word of a process that is being replaced is not kept as that of the new one', async () => {
  const older = await open(hello());
  await older.hears('welcome');
  const newer = await open(hello({ bootId: 'b'.repeat(32) }));
  send(older.ws, says({ graceful: true }));
  await newer.hears('welcome');
  await older.closed;
  newer.ws.terminate();
  await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ connected: false }));
  expect(states.filter((state) => 'graceful' in state)).toEqual([]);
});

test('a worker that is taken out of service is told not to come back', async () => {
  const peer = await open(hello());
  await peer.hears('welcome');
  sessions.pool.retire(1, 'it was taken out of service');
  expect(await peer.hears('superseded')).toMatchObject({ reason: 'it was taken out of service' });
  await peer.closed;
});

test('people are told of a worker that is silent long before it is given up, and when it is heard again', async () => {
  await restartMaster({ keepaliveMs: 400, timeoutMs: 1500, graceMs: 60_000 });
  const { ws, hears } = await open(hello());
  await hears('welcome');
  const heardAt = Date.now();
  const said: (number | null)[] = [];
  const { promise: heardAgain, resolve } = Promise.withResolvers<void>();
  onState = (state) => {
    if (!('silentAt' in state)) return;
    said.push(state.silentAt as number | null);
    if (state.silentAt === null) resolve();
    else ws.resume();
  };
  ws.pause();
  await heardAgain;
  expect(said).toEqual([expect.any(Number), null]);
  expect(Math.abs((said[0] ?? 0) - heardAt)).toBeLessThan(60_000);
  expect(sessions.pool.connected()).toHaveLength(1);
});
