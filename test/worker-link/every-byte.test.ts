/**
 * One short conversation, cut after every single byte of it: upgrade, hello, welcome, a command, its output, its end, the
 * acknowledgement. Both ends are the real ones; only the store and what the command does are small.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import type { WorkerEffect } from '../../packages/master/src/ports/records.ts';
import { WorkerSessions } from '../../packages/master/src/workers/worker-sessions.ts';
import { CommandTable } from '../../packages/worker/src/commands/command-table.ts';
import { done } from '../../packages/worker/src/commands/outcome.ts';
import { OutputLog } from '../../packages/worker/src/commands/output-log.ts';
import { silentLog } from '../../packages/worker/src/log.ts';
import { BlobPieces } from '../../packages/worker/src/session/blob-pieces.ts';
import { masterUrl } from '../../packages/worker/src/session/master-url.ts';
import { Session } from '../../packages/worker/src/session/session.ts';
import { Spool } from '../../packages/worker/src/spool/spool.ts';
import { startChaosProxy } from '../support/chaos-proxy.ts';
import { quietLogger } from './link-world.ts';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** What the master has stored, by command. */
class SmallStore {
  readonly logs = new Map<string, string>();
  readonly #acked = new Map<string, number>();

  openSession = async (_workerId: number, bootId: string) => {
    const ackedSeq = this.#acked.get(bootId);
    return {
      standing: ackedSeq === undefined ? ('new' as const) : ('known' as const),
      ackedSeq: ackedSeq ?? 0,
    };
  };
  commitWorkerEffects = async (_workerId: number, bootId: string, effects: WorkerEffect[]) => {
    for (const effect of effects) {
      if (effect.kind !== 'log') continue;
      const text = zstdDecompressSync(effect.payload).toString();
      this.logs.set(effect.key, (this.logs.get(effect.key) ?? '') + text);
    }
    this.#acked.set(bootId, effects.at(-1)?.seq ?? 0);
  };
  setWorkerState = async () => undefined;
  noteWorker = async (_workerId: number, note: string, facts: object) => {
    throw new Error(`nobody has done anything wrong: ${note} ${JSON.stringify(facts)}`);
  };
}

async function startMaster(store: SmallStore, said: string[]) {
  const sessions = new WorkerSessions({
    ...{ store, clock, logger: quietLogger(said) },
    workers: [{ workerId: 1, name: 'w1', password: 'secret' }],
    timing: { keepaliveMs: 10_000, timeoutMs: 5000, graceMs: 60_000 },
  });
  await sessions.start();
  const server = createServer();
  sessions.attach(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await sessions.stop();
    server.closeAllConnections();
    server.close();
  });
  return { sessions, port: (server.address() as AddressInfo).port };
}

function startSession(port: number): Session {
  const folder = mkdtempSync(join(tmpdir(), 'every-byte-'));
  const spool = new Spool({ folder, limitBytes: 1e6 });
  const commands = new CommandTable({
    spool,
    run: async ({ key, started }) => {
      started();
      const log = new OutputLog({ spool, key, log: 'stdio' });
      log.write('o', Buffer.from(`output of ${key}\n`));
      log.flush();
      return done(1);
    },
  });
  const session = new Session({
    ...{ clock, spool, commands, random: () => 0, log: silentLog, blobs: new BlobPieces() },
    ...{ name: 'w1', password: 'secret', newBootId: () => 'a'.repeat(32) },
    info: { admin: null, host: null, accessUri: null, version: null, system: null, cpus: null },
    masters: [masterUrl(`ws://127.0.0.1:${port}`)],
    availability: () => ({ availability: 'eager', rule: 'default', reason: null, until: null, load: 0 }),
    onState: () => undefined,
  });
  session.start();
  onTestFinished(async () => {
    await session.stop();
    rmSync(folder, { recursive: true });
  });
  return session;
}

test.each([
  { cut: 'reset', which: 'any byte', stride: 1 },
  // A goodbye leaves the reader of the bytes in the same places as a reset; it only tells of the end otherwise.
  { cut: 'end', which: 'any fifth byte', stride: 5 },
] as const)(
  'row 1: a conversation that is cut ($cut) after $which goes on, and everything is there once',
  async ({ cut, stride }) => {
    const store = new SmallStore();
    const said: string[] = [];
    const { sessions, port } = await startMaster(store, said);
    const proxy = await startChaosProxy(port);
    onTestFinished(() => proxy.close());
    startSession(proxy.port);
    let cutAt = 0;
    for (let isCut = true; isCut; cutAt += stride) {
      const first = proxy.connections;
      proxy.plan = (index) => (index === first ? { cutAfterBytes: cutAt, cut } : {});
      proxy.cutAll();
      const key = `1.1.${cutAt}.0`;
      const command = { kind: 'stat', builddir: 'b', path: '' } as const;
      const wanted = { key, buildId: 1, command, logs: { stdio: 1 }, blobs: {} };
      expect(await sessions.pool.run(1, wanted)).toMatchObject({ status: 'exited', code: 0 });
      isCut = proxy.connections !== first + 1;
    }
    expect(cutAt).toBeGreaterThan(1000);
    const keys = Array.from({ length: Math.ceil(cutAt / stride) }, (_, index) => `1.1.${index * stride}.0`);
    expect([...store.logs]).toEqual(keys.map((key) => [key, `output of ${key}\n`]));
    expect(said.filter((line) => !line.startsWith('info'))).toEqual([]);
  },
);
