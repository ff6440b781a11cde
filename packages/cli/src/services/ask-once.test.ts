/** What makes builds is asked of our master until it answers, and of a real Buildbot once. */
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ApiServer, apiServer } from '../client/testing/api-server.ts';
import { askOnce } from './ask-once.ts';
import { force } from './force.ts';
import { addressLink, type MasterLink } from './master-link.ts';

let server: ApiServer;
let link: MasterLink;
/** The parameters of each call. */
let asked: Record<string, unknown>[];
/** So many answers are lost after the call was taken. */
let toLose: number;
let master: object;
beforeEach(async () => {
  asked = [];
  toLose = 0;
  master = { masterid: 1, draining: false };
  server = await apiServer('HTTP/1.1', async (request, response) => {
    if (request.method === 'GET') return void response.end(JSON.stringify({ masters: [master] }));
    asked.push(((await json(request)) as { params: Record<string, unknown> }).params);
    if (asked.length <= toLose) return void request.socket.destroy();
    response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: [8, { 1: 12 }] }));
  });
  link = addressLink(server.url);
});
afterEach(async () => {
  link.close();
  await server.close();
});

const deps = { clock: { sleep: async () => {} }, random: () => 0 };
const ask = () => askOnce(link, deps, (client, once) => force(client, 'force', { reason: 'now', ...once }));

it('row 34: asks again with the same key when an answer was lost', async () => {
  toLose = 2;
  expect(await ask()).toBe(8);
  expect(asked).toHaveLength(3);
  expect(new Set(asked.map((params) => JSON.stringify(params))).size).toBe(1);
  expect(asked[0]?.idempotency_key).toMatch(/^[\x21-\x7e]{1,128}$/);
});

it('takes another key for another wish', async () => {
  await ask();
  await ask();
  expect(asked[0]?.idempotency_key).not.toBe(asked[1]?.idempotency_key);
});

it('gives up at last, and says where to look', async () => {
  toLose = 99;
  await expect(ask()).rejects.toMatchObject({
    message: expect.stringContaining('the link was lost before the answer'),
    hint: expect.stringContaining('buildbot watch'),
  });
  expect(asked).toHaveLength(5);
});

it('asks a master that knows no keys once, without one', async () => {
  master = { masterid: 1 };
  toLose = 1;
  await expect(ask()).rejects.toMatchObject({ name: 'ExternalError' });
  expect(asked).toEqual([{ reason: 'now' }]);
});

it('asks nothing twice that was refused', async () => {
  await expect(
    askOnce(link, deps, (client, once) =>
      force(client, 'force', { reason: '', properties: { branch: 'x' }, ...once }),
    ),
  ).rejects.toThrow("'branch' is no property");
  expect(asked).toEqual([]);
});

it('sends properties beside the fields of the form', async () => {
  const properties = { color: 'blue', answer: '42' };
  await force(server.client, 'force', { reason: 'now', properties });
  expect(asked).toEqual([{ color: 'blue', answer: '42', reason: 'now' }]);
});
