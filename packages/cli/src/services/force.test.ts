import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ApiServer, apiServer } from '../client/testing/api-server.ts';
import { builder } from '../view/testing/resources.ts';
import { force } from './force.ts';

let server: ApiServer;
let refusal: unknown;
beforeEach(async () => {
  server = await apiServer('HTTP/1.1', (asked, response) => {
    const known = { builders: [builder()], forceschedulers: [{ name: 'force' }] };
    if (asked.method === 'GET') return void response.end(JSON.stringify(known));
    response.statusCode = refusal === null ? 200 : 400;
    const answer =
      refusal === null ? { result: [8, { 1: 12 }] } : { error: { code: -32602, message: refusal } };
    response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, ...answer }));
  });
});
afterEach(() => server.close());

it('gives the number of the new try', async () => {
  refusal = null;
  expect(await force(server.client, 'force', { reason: '' })).toBe(8);
});

it('names the builder that was meant', async () => {
  refusal = { builderNames: "builderNames: there is no builder 'linus'" };
  await expect(force(server.client, 'force', { reason: '', builderNames: ['linus'] })).rejects.toMatchObject({
    message: "there is no builder 'linus'",
    hint: "Did you mean 'linux'?",
    exitCode: 2,
  });
});

it('names the schedulers that there are', async () => {
  refusal = "'NoneType' object has no attribute 'force'";
  await expect(force(server.client, 'nobody', { reason: '' })).rejects.toMatchObject({
    message: "there is no force scheduler 'nobody'",
    hint: 'There is: force.',
    exitCode: 2,
  });
});

it.each([['the priority 99 is above what the scheduler allows'], [{ reason: 'reason: too long' }]])(
  'says what else the caller has done wrong, in the words of the master: %o',
  async (said) => {
    refusal = said;
    const text = typeof said === 'string' ? said : said.reason;
    await expect(
      force(server.client, 'force', { reason: '', builderNames: ['linux'] }),
    ).rejects.toMatchObject({
      message: `the master refused: ${text}`,
      exitCode: 2,
    });
  },
);
