import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ApiServer, apiServer } from '../client/testing/api-server.ts';
import { setAvailabilityAtMaster } from './set-availability-at-master.ts';

const NOW = new Date(2026, 10, 21, 9, 0).getTime();

let server: ApiServer;
let orders: string[];
let worker: Record<string, unknown>;
beforeEach(async () => {
  orders = [];
  worker = { workerid: 1, name: 'w1', availability: 'reluctant', availability_rule: "master's admin" };
  server = await apiServer('HTTP/1.1', async (asked, response) => {
    const path = (asked.url ?? '').replace('/api/v2/', '');
    if (asked.method !== 'POST') {
      response.end(JSON.stringify({ workers: [worker] }));
      return;
    }
    const { method, params } = (await json(asked)) as Record<string, unknown>;
    orders.push(`${path} ${method} ${JSON.stringify(params)}`);
    response.end('{"jsonrpc":"2.0","id":1,"result":null}');
  });
});
afterEach(() => server.close());

const order = { availability: 'reluctant', forMs: 7_200_000, reason: 'tests run' } as const;

it('tells the master, and says what holds', async () => {
  expect(await setAvailabilityAtMaster(server.client, 'w1', order, NOW)).toEqual([
    "w1: reluctant (master's admin: tests run, until 11:00)",
  ]);
  expect(orders).toEqual([
    'workers/1 set_availability {"availability":"reluctant","reason":"tests run","duration_s":7200}',
  ]);
});

it('says so when a lower rule decides', async () => {
  worker = { ...worker, availability: 'unavailable', availability_rule: "worker's load" };
  const open = { ...order, forMs: null, reason: null };
  expect(await setAvailabilityAtMaster(server.client, 'w1', open, NOW)).toEqual([
    "w1: reluctant (master's admin)",
    "but a lower rule decides: unavailable (worker's load)",
  ]);
});

it('knows the nearest name of a worker that is not there', async () => {
  await expect(setAvailabilityAtMaster(server.client, 'w2', order, NOW)).rejects.toMatchObject({
    message: "there is no worker 'w2'",
    hint: "Did you mean 'w1'?",
  });
  expect(orders).toEqual([]);
});
