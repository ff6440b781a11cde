import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiServer, apiServer } from '../client/testing/api-server.ts';
import { build, request, worker } from '../view/testing/resources.ts';
import {
  cancelRequest,
  orderWorker,
  rebuild,
  stopBuild,
  trustWorker,
  unshelve,
  unshelveAll,
  wantedRequests,
} from './steer.ts';

const shelved = request({
  buildrequestid: 13,
  state: 'shelved',
  shelved: { at: 1, reason: 'worker w1 was lost' },
});

/** A master with a running and a passed build, and a waiting, a shelved and a cancelled request. */
const RESOURCES: Readonly<Record<string, object>> = {
  'builds/100': { builds: [build()] },
  'builders/linux/builds/4': { builds: [build({ buildid: 90, number: 4, complete: true, results: 0 })] },
  'builders/linux/buildrequests?complete=false&order=buildrequestid': { buildrequests: [request()] },
  'buildrequests/11': { buildrequests: [request()] },
  'buildrequests/13': { buildrequests: [shelved] },
  'buildrequests?state=shelved': { buildrequests: [{ ...shelved, buildrequestid: 666 }, shelved] },
  'buildrequests/666': { buildrequests: [{ ...shelved, buildrequestid: 666 }] },
  'builds?number=999&order=-buildid&limit=8': { builds: [] },
  workers: {
    workers: [
      worker({ suspect: { until: 9, reason: '' } }),
      worker({ workerid: 2, name: 'w2', connected_to: [] }),
    ],
  },
  'builds/101': { builds: [build({ buildid: 101, workerid: 2 })] },
  'buildrequests/14': {
    buildrequests: [request({ buildrequestid: 14, stopped_by: 'bob', stop_reason: 'poison' })],
  },
  'buildrequests/10': { buildrequests: [request({ buildrequestid: 10, complete: true, results: 6 })] },
};

let server: ApiServer;
let orders: string[];
beforeEach(async () => {
  orders = [];
  server = await apiServer('HTTP/1.1', async (asked, response) => {
    const path = (asked.url ?? '').replace('/api/v2/', '');
    if (asked.method === 'POST') {
      const { method, params } = (await json(asked)) as Record<string, unknown>;
      if (path === 'buildrequests/666') {
        response.statusCode = 403;
        response.end('{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"this is not yours"}}');
        return;
      }
      orders.push(`${path} ${method} ${JSON.stringify(params)}`);
      response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: [8, { 1: 12 }] }));
      return;
    }
    const found = RESOURCES[path];
    response.statusCode = found === undefined ? 404 : 200;
    response.end(JSON.stringify(found ?? { error: `not found while getting from endpoint for /${path}` }));
  });
});
afterEach(() => server.close());

describe('stop', () => {
  it('orders the end of a build that runs, with the reason', async () => {
    expect(await stopBuild(server.client, { buildId: 100 }, 'wrong branch')).toBe(
      'stopping build 100: wrong branch',
    );
    expect(orders).toEqual(['builds/100 stop {"reason":"wrong branch"}']);
  });

  it('says that the worker is away, so that the end takes its time', async () => {
    expect(await stopBuild(server.client, { buildId: 101 }, 'wrong branch')).toBe(
      'stopping build 101: wrong branch (worker w2 is away: it ends when that is back or given up)',
    );
  });

  it('leaves a build alone that has ended', async () => {
    expect(await stopBuild(server.client, { builder: 'linux', number: 4 }, '')).toBe(
      'build linux/4 has ended already (passed)',
    );
    expect(orders).toEqual([]);
  });
});

describe('cancel', () => {
  it('takes a request out of the queue, with the reason', async () => {
    expect(await cancelRequest(server.client, { requestId: 11 }, 'too late')).toBe(
      'cancelling request 11: too late',
    );
    expect(orders).toEqual(['buildrequests/11 cancel {"reason":"too late"}']);
  });

  it('takes the only request of a builder that is named', async () => {
    expect(await cancelRequest(server.client, { builder: 'linux' }, 'too late')).toBe(
      'cancelling request 11: too late',
    );
  });

  it('says who has cancelled it already, and why, and asks nothing more', async () => {
    expect(await cancelRequest(server.client, { requestId: 14 }, 'another reason')).toBe(
      'request 14 is cancelled already by bob: poison',
    );
    expect(orders).toEqual([]);
  });

  it('leaves a request alone that has ended', async () => {
    expect(await cancelRequest(server.client, { requestId: 10 }, '')).toBe(
      'request 10 has ended already (cancelled)',
    );
    expect(orders).toEqual([]);
  });
});

describe('unshelve', () => {
  it('puts back what is shelved and says what is not', async () => {
    expect(await unshelve(server.client, [13, 11, 10])).toEqual([
      { line: 'request 13 is tried again', isDone: true },
      { line: 'request 11 is not shelved', isDone: false },
      { line: 'request 10 has ended already (cancelled)', isDone: false },
    ]);
    expect(orders).toEqual(['buildrequests/13 unshelve {}']);
  });

  it('takes all that is one’s own, and says why the rest stays', async () => {
    expect((await unshelveAll(server.client)).map(({ line }) => line)).toEqual([
      'request 666 stays: the master refused: this is not yours',
      'request 13 is tried again',
    ]);
  });

  it('wants ids or --all, and not both', () => {
    expect(wantedRequests([13], false)).toEqual([13]);
    expect(wantedRequests([], true)).toBe('all');
    expect(() => wantedRequests([], false)).toThrow('which requests?');
    expect(() => wantedRequests([13], true)).toThrow('--all goes without ids');
  });
});

describe('trust', () => {
  it('clears the suspicion of a worker by its name', async () => {
    expect(await trustWorker(server.client, 'w1')).toBe('worker w1 gets builds again');
    expect(orders).toEqual(['workers/1 trust {}']);
    await expect(trustWorker(server.client, 'w9')).rejects.toThrow("there is no worker 'w9'");
  });
});

it.each([
  ['pause', 'worker w1 gets no new builds: hot'],
  ['unpause', 'worker w1 gets builds again: hot'],
  ['stop', 'worker w1 gets no new builds, and leaves when those that run have ended: hot'],
  ['kill', 'worker w1 is sent away, and the builds on it are lost: hot'],
] as const)('workers %s asks that of the worker by its name', async (order, line) => {
  expect(await orderWorker(server.client, 'w1', { order, reason: 'hot' })).toBe(line);
  expect(orders).toEqual([`workers/1 ${order} {"reason":"hot"}`]);
  await expect(orderWorker(server.client, 'w9', { order, reason: '' })).rejects.toThrow('no worker');
});

it('rebuild gives the number of the new try', async () => {
  expect(await rebuild(server.client, { buildId: 100 })).toBe(8);
});

it.each([
  ['stop', 'build 999', () => stopBuild(server.client, { buildId: 999 }, '')],
  ['stop', 'build linus/5', () => stopBuild(server.client, { builder: 'linus', number: 5 }, '')],
  ['rebuild', 'build 999', () => rebuild(server.client, { buildId: 999 })],
  ['cancel', 'build request 999', () => cancelRequest(server.client, { requestId: 999 }, '')],
])('%s says that there is no %s, and where to look', async (_, what, run) => {
  await expect(run()).rejects.toMatchObject({
    message: `there is no ${what}`,
    hint: "'buildbot watch' shows the builds.",
    exitCode: 2,
  });
  expect(orders).toEqual([]);
});
