/** Who reads events slowly, or not at all, costs the master no memory and nobody else their events. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { masterConfigSchema } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { createApi } from '../../packages/master/src/api/api.ts';
import { systemClock } from '../../packages/master/src/clock.ts';
import { silentLogger } from '../../packages/master/src/log.ts';
import type { Control } from '../../packages/master/src/ports/control.ts';
import { openStore } from '../../packages/master/src/store/open.ts';
import { startChaosProxy } from '../support/chaos-proxy.ts';
import { until } from '../support/processes.ts';

const EVENTS = 8_000;
const TEXT = 'x'.repeat(4_000);
const MIB = 1024 * 1024;

/** The API over TCP on a real store with one worker, to make events of. */
async function setup() {
  const basedir = await mkdtemp(join(tmpdir(), 'slow-'));
  const fatal = (error: Error) => {
    throw error;
  };
  const store = await openStore({ basedir, clock: systemClock, logger: silentLogger, fatal });
  const { masterId } = await store.registerMaster('m:/m');
  const workers = [{ name: 'w1', maxBuilds: 1, tags: [] }];
  const registered = await store.register({ builders: [], workers, schedulers: [], eligible: [] });
  const workerId = registered.workers[0]?.workerId as number;
  const { www, access } = masterConfigSchema.parse({});
  const api = createApi({
    ...{ store, masterId, title: 'Test', metrics: [], logger: silentLogger, forceForms: () => [] },
    ...{ clock: systemClock, random: randomBytes },
    settings: () => ({ www, access, proxies: [] }),
    // Nothing here asks for anything but events.
    control: {} as Control,
    queue: { isDraining: false, waitingReason: () => null },
    estimates: { estimate: async (builderid) => ({ builderid, samples: 0, total: null, steps: [] }) },
  });
  const door = api.tcpDoor('127.0.0.1:0');
  await api.start();
  await door.start();
  onTestFinished(async () => {
    await door.stop();
    await api.stop();
    await store.close();
    await rm(basedir, { recursive: true });
  });
  const makeEvents = async (count: number): Promise<void> => {
    const batch = 500;
    for (let made = 0; made < count; made += batch) {
      const size = Math.min(batch, count - made);
      const note = () => store.noteWorker(workerId, 'breach', { reason: TEXT });
      await Promise.all(Array.from({ length: size }, note));
    }
  };
  return { store, port: Number(door.address?.split(':').at(-1)), makeEvents };
}

/** A subscriber that keeps only the numbers of what it was told. */
async function subscribe(port: number) {
  const numbers: number[] = [];
  const resyncs: number[] = [];
  let isReady = false;
  const request = get(
    { host: '127.0.0.1', port, path: '/api/v2/events?path=workers/*/notes/*' },
    (response) => {
      let event = '';
      let id = 0;
      // Both tell of a connection that breaks off, which is how this test ends.
      response.on('error', () => undefined);
      const lines = createInterface({ input: response }).on('error', () => undefined);
      lines.on('line', (line) => {
        if (line.startsWith('event: ')) event = line.slice(7);
        if (line.startsWith('id: ')) id = Number(line.slice(4));
        if (!line.startsWith('data: ')) return;
        if (event === 'ready') isReady = true;
        else if (event === 'resync') resyncs.push(id);
        else numbers.push(id);
        event = '';
      });
    },
  );
  request.on('error', () => undefined);
  onTestFinished(() => void request.destroy());
  await until('the stream to begin', async () => isReady);
  return { numbers, resyncs };
}

async function proxied(port: number) {
  const proxy = await startChaosProxy(port);
  onTestFinished(() => proxy.close());
  return proxy;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** One collection leaves what only the next one frees: from 12 to 31 MB were seen after it, after two always 9 (2026-11). */
function memory(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** `count` numbers from `first` on. */
const from = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index);

test('row 25: a reader of 1 KB/s and one that has stopped cost no memory and delay nobody, and lose nothing unsaid', async () => {
  const { store, port, makeEvents } = await setup();
  const slowLink = await proxied(port);
  slowLink.plan = () => ({ bytesPerSecond: 1_000, sliceBytes: 500 });
  const stoppedLink = await proxied(port);
  const fast = await subscribe(port);
  const slow = await subscribe(slowLink.port);
  const stopped = await subscribe(stoppedLink.port);
  stoppedLink.freeze('down');
  const first = (await store.eventRange()).newest + 1;

  const before = memory();
  await makeEvents(EVENTS);
  await until('the fast one to have all', async () => fast.numbers.length === EVENTS);
  expect(fast.numbers).toEqual(from(first, EVENTS));
  expect(slow.numbers.length).toBeLessThan(EVENTS / 10);
  expect(stopped.numbers).toEqual([]);
  // Their 64 MB are in the store; in memory are what all readers share (8 MB) and one page for each of them.
  expect((memory() - before) / MIB).toBeLessThan(24);

  slowLink.change({});
  await until('the slow one to catch up', async () => slow.numbers.length === EVENTS);
  expect(slow.numbers).toEqual(from(first, EVENTS));

  const now = systemClock.now() + 1;
  await store.cleanUp({
    buildsBefore: null,
    logsBefore: null,
    eventsBefore: now,
    sessionsBefore: null,
    batch: 100,
  });
  stoppedLink.thaw();
  await until('the stopped one to be told that it has missed some', async () => stopped.resyncs.length > 0);
  const seen = stopped.numbers.length;
  expect(stopped.numbers).toEqual(from(first, seen));
  expect(stopped.resyncs).toEqual([first + EVENTS - 1]);
  await makeEvents(3);
  await until('it to go on', async () => stopped.numbers.length === seen + 3);
  expect(stopped.numbers.slice(seen)).toEqual(from(first + EVENTS, 3));
});
