/** What of a try has failed is built again, each build with a key of its own. */
import { json } from 'node:stream/consumers';
import type { Results } from '@buildbot/shared';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ApiServer, apiServer } from '../client/testing/api-server.ts';
import { mergeSettings } from '../config/settings.ts';
import { build, builder, buildSet, request } from '../view/testing/resources.ts';
import { addressLink, type MasterLink } from './master-link.ts';
import { rebuildFailed } from './rebuild-failed.ts';
import { testRuntime } from './testing/test-runtime.ts';

const ended = (buildrequestid: number, builderid: number, results: Results) =>
  request({ buildrequestid, builderid, claimed: true, complete: true, results });

let requests: object[];
let orders: { path: string; key: unknown }[];
let server: ApiServer;
let link: MasterLink;
beforeEach(async () => {
  orders = [];
  requests = [ended(11, 1, 2), ended(12, 2, 0), ended(13, 3, 4), ended(14, 4, 6), request({ builderid: 5 })];
  server = await apiServer('HTTP/1.1', async (asked, response) => {
    const path = (asked.url ?? '').replace('/api/v2/', '');
    if (asked.method === 'POST') {
      const { params } = (await json(asked)) as { params: { idempotency_key: unknown } };
      orders.push({ path, key: params.idempotency_key });
      return void response.end(JSON.stringify({ result: [20 + orders.length, {}] }));
    }
    const resources: Readonly<Record<string, unknown>> = {
      'masters?limit=1': { masters: [{ masterid: 1, draining: false }] },
      'buildsets/7': { buildsets: [buildSet()] },
      builders: { builders: [builder(), builder({ builderid: 3, name: 'mac' })] },
      'buildrequests?buildsetid=7&order=buildrequestid': { buildrequests: requests },
      'buildrequests/11/builds?order=-buildid&limit=1': { builds: [build({ buildid: 101 })] },
      'buildrequests/13/builds?order=-buildid&limit=1': { builds: [build({ buildid: 103 })] },
      'builds/101': { builds: [build({ buildid: 101 })] },
      'builds/103': { builds: [build({ buildid: 103 })] },
    };
    response.statusCode = path in resources ? 200 : 404;
    response.end(JSON.stringify(resources[path] ?? { error: `no ${path}` }));
  });
  link = addressLink(server.url);
});
afterEach(async () => {
  link.close();
  await server.close();
});

function rebuildAt(buildSetId: number) {
  const settings = { ...mergeSettings({ api: server.url }), treeDir: null, notes: [] };
  return rebuildFailed({ link, settings, reference: { buildSetId } }, testRuntime('/nowhere').runtime);
}

it('builds what failed again, and what passed, was cancelled or still runs not', async () => {
  expect(await rebuildAt(7)).toEqual([
    { buildSetId: 21, line: 'linux queued as #21; to watch it: buildbot watch 21' },
    { buildSetId: 22, line: 'mac queued as #22; to watch it: buildbot watch 22' },
  ]);
  expect(orders.map(({ path }) => path)).toEqual(['builds/101', 'builds/103']);
  expect(new Set(orders.map(({ key }) => key)).size).toBe(2);
});

it('says that nothing failed so far', async () => {
  requests = [ended(12, 2, 0)];
  await expect(rebuildAt(7)).rejects.toMatchObject({ message: 'nothing failed in try #7 so far' });
  await expect(rebuildAt(8)).rejects.toMatchObject({ message: 'there is no try #8' });
  expect(orders).toEqual([]);
});
