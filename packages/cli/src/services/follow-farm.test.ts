import type { RunningBuild } from '@buildbot/shared';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ApiServer, apiServer } from '../client/testing/api-server.ts';
import { systemClock } from '../clock.ts';
import { build, builder, estimate } from '../view/testing/resources.ts';
import { watchView } from '../view/watch-view.ts';
import { followFarm } from './follow-farm.ts';
import { addressLink } from './master-link.ts';
import { ViewStore } from './view-store.ts';

const status = {
  event_number: 10,
  title: '',
  master: null,
  builders: [builder(), builder({ builderid: 2, name: 'mac' })],
  workers: [],
  builds: [build()],
  steps: [],
  last_builds: [],
  buildrequests: [],
  pending: 0,
};
const second = build({ buildid: 101, number: 1, builderid: 2 });

let server: ApiServer;
let knowsEstimates: boolean;
beforeEach(async () => {
  knowsEstimates = true;
  server = await apiServer('HTTP/1.1', (asked, response) => {
    const path = new URL(asked.url ?? '', 'http://x').pathname.replace('/api/v2/', '');
    const builderId = Number(/^builders\/(\d+)\/estimate$/.exec(path)?.[1]);
    if (path === 'status') response.end(JSON.stringify({ statuses: [status] }));
    else if (path === 'events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify({ n: 11, k: 'builds/101/new', m: second })}\n\n`);
    } else if (knowsEstimates && builderId > 0)
      response.end(JSON.stringify({ estimates: [estimate({ builderid: builderId })] }));
    else response.writeHead(404).end('{"error":"not found"}');
  });
});
afterEach(() => server.close());

/** Each running build the moment it is first shown, until both are. */
async function firstSeen(): Promise<Map<number, RunningBuild>> {
  const store = new ViewStore();
  const ended = new AbortController();
  const seen = new Map<number, RunningBuild>();
  store.subscribe((state) => {
    for (const row of watchView(state, systemClock.now()).rows)
      for (const one of row.running) if (!seen.has(one.buildId)) seen.set(one.buildId, one);
    if (seen.size === 2) ended.abort();
  });
  const link = addressLink(server.url);
  await followFarm({ link, store, clock: systemClock, random: () => 0 }, { signal: ended.signal });
  link.close();
  return seen;
}

it('knows the estimate of a build from the first moment, of one that ran and of one that begins', async () => {
  const seen = await firstSeen();
  expect([...seen.values()].map(({ buildId, samples }) => [buildId, samples])).toEqual([
    [100, 12],
    [101, 12],
  ]);
});

it('does without estimates where the master has none', async () => {
  knowsEstimates = false;
  expect([...(await firstSeen()).values()].map(({ left }) => left)).toEqual([null, null]);
});
