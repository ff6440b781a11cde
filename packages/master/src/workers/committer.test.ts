import { expect, test, vi } from 'vitest';
import type { WorkerEffect } from '../ports/records.ts';
import type { Logger } from '../ports/service.ts';
import { Committer } from './committer.ts';

const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => logger,
};

const effect = (seq: number, bytes = 0): WorkerEffect =>
  bytes === 0
    ? { kind: 'skipped', seq }
    : {
        kind: 'log',
        seq,
        key: '1.1.0.0',
        log: 'stdio',
        buildId: 1,
        logId: 1,
        frame: { length: 1, newlines: 0, runs: [] },
        payload: new Uint8Array(bytes),
      };

function setup(limitBytes = 1000) {
  const batches: number[][] = [];
  const done: string[] = [];
  const pressure: boolean[] = [];
  let gate: Promise<void> = Promise.resolve();
  let failures = 0;
  const committer = new Committer({
    logger,
    limitBytes,
    retryMs: 1,
    commit: async (effects) => {
      await gate;
      if (failures-- > 0) throw new Error('the disk is full');
      batches.push(effects.map(({ seq }) => seq));
    },
    acknowledge: (seq) => done.push(`ack ${seq}`),
    onPressure: (isHigh) => pressure.push(isHigh),
  });
  const add = (seq: number, bytes = 0) =>
    committer.add({ effect: effect(seq, bytes), whenDurable: () => done.push(`told ${seq}`) });
  return {
    ...{ committer, batches, done, pressure, add },
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
    fail: (times: number) => {
      failures = times;
    },
  };
}

test('what arrives together is one batch, what arrives meanwhile the next; told only after the acknowledgement', async () => {
  const { add, hold, batches, done } = setup();
  const release = hold();
  add(1);
  add(2);
  await vi.waitFor(() => new Promise((resolve) => setImmediate(resolve)));
  add(3);
  expect(done).toEqual([]);
  release();
  await vi.waitFor(() => expect(batches).toEqual([[1, 2], [3]]));
  expect(done).toEqual(['ack 2', 'told 1', 'told 2', 'ack 3', 'told 3']);
});

test('a store that fails is tried again with the same batch, and nothing is acknowledged before', async () => {
  const { add, fail, hold, batches, done } = setup();
  const release = hold();
  fail(2);
  add(1);
  expect(done).toEqual([]);
  release();
  await vi.waitFor(() => expect(batches).toEqual([[1]]));
  expect(done).toEqual(['ack 1', 'told 1']);
});

test('more than the limit asks the worker to wait until it is stored', async () => {
  const { add, hold, pressure } = setup(1000);
  const release = hold();
  add(1, 600);
  add(2, 600);
  expect(pressure).toEqual([true]);
  release();
  await vi.waitFor(() => expect(pressure).toEqual([true, false]));
});

test('closing waits for what is being written and drops the rest', async () => {
  const { committer, add, hold, batches } = setup();
  const release = hold();
  add(1);
  await new Promise((resolve) => setImmediate(resolve));
  add(2);
  const closed = committer.close();
  add(3);
  release();
  await closed;
  expect(batches).toEqual([[1]]);
});
