/** `watch` between flags and what follows a master: which try is meant, and the exit code of each end. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ApiServer, apiServer } from '../client/testing/api-server.ts';
import { WHOLE_FARM } from '../view/farm-choice.ts';
import { build, builder, buildSet, request, summary } from '../view/testing/resources.ts';
import { addressLink } from './master-link.ts';
import { testRuntime } from './testing/test-runtime.ts';
import { ViewStore } from './view-store.ts';
import { type WatchCommandInput, watchCommand } from './watch-command.ts';

const failed = request({ claimed: true, complete: true, results: 2 });
const RESOURCES: Readonly<Record<string, object>> = {
  'masters?limit=1': { masters: [] },
  workers: { workers: [] },
  'builders/linux/builds/5': { builds: [build()] },
  'buildrequests/11': { buildrequests: [failed] },
  'buildsets/7/summary': {
    summaries: [summary({ buildset: buildSet({ complete: true, results: 2 }), buildrequests: [failed] })],
  },
  'buildsets?submitter=alice&order=-bsid&limit=100': { buildsets: [buildSet()] },
  'buildrequests?buildsetid=7': { buildrequests: [request()] },
  status: {
    statuses: [
      {
        ...{
          event_number: 1,
          title: 'Farm',
          master: null,
          builders: [builder(), builder({ builderid: 2, name: 'mac' })],
          workers: [],
          builds: [],
          steps: [],
        },
        ...{
          last_builds: [build({ complete: true, results: 0 })],
          buildrequests: [],
          pending: 0,
          shelved: [],
        },
      },
    ],
  },
};

let server: ApiServer;
let user: object;
beforeEach(async () => {
  user = { anonymous: true };
  server = await apiServer('HTTP/1.1', (asked, response) => {
    const path = (asked.url ?? '').replace('/api/v2/', '');
    const found = path === '/config' ? { user } : RESOURCES[path];
    if (path.startsWith('events')) return void response.writeHead(200).flushHeaders();
    response.statusCode = found === undefined ? 404 : 200;
    response.end(JSON.stringify(found ?? { error: 'not found' }));
  });
});
afterEach(() => server.close());

async function watch(change: Partial<WatchCommandInput>, whileItRuns?: (stop: () => void) => void) {
  const { runtime, stdout, interrupt } = testRuntime('/nowhere');
  const link = addressLink(server.url);
  const input = {
    link,
    given: {},
    reconnectMs: undefined,
    reference: null,
    json: true,
    events: false,
    logsFrom: null,
    newOnly: false,
    full: false,
    store: new ViewStore(),
  };
  try {
    const running = watchCommand({ ...input, ...change }, runtime);
    whileItRuns?.(() => interrupt('ctrl-c'));
    return { code: await running, text: stdout() };
  } finally {
    link.close();
  }
}

it.each([{ reference: { buildSetId: 7 } }, { reference: { builder: 'linux', number: 5 } }])(
  'a try by $reference ends with its exit code',
  async ({ reference }) => {
    const { code, text } = await watch({ reference });
    expect([code, JSON.parse(text)]).toMatchObject([1, { buildSetId: 7, result: 'failure', exitCode: 1 }]);
  },
);

it('a build that is not there is refused before anything is shown', async () => {
  await expect(watch({ reference: { builder: 'linux', number: 6 } })).rejects.toThrow('no build linux/6');
});

it('the farm is told once as an object', async () => {
  const { code, text } = await watch({});
  expect([code, JSON.parse(text)]).toMatchObject([0, { title: 'Farm' }]);
});

it('the farm is watched until Ctrl-C, or until the time is over', async () => {
  expect(await watch({ json: false, events: true }, (stop) => stop())).toMatchObject({ code: 0 });
  expect(await watch({ json: false, events: true, given: { timeout: 1 } })).toMatchObject({ code: 124 });
});

const WHOLE = { json: false, events: true };

it.each(['idle', 'connected'] as const)('the farm is watched until it is %s', async (until) => {
  expect(await watch({ ...WHOLE, until })).toMatchObject({ code: 0 });
  const { code, text } = await watch({ until });
  expect([code, JSON.parse(text)]).toMatchObject([0, { title: 'Farm' }]);
});

it('what was waited for and did not come is no success', async () => {
  expect(await watch({ ...WHOLE, until: 'failed' }, (stop) => stop())).toMatchObject({ code: 130 });
  expect(await watch({ ...WHOLE, until: 'failed', given: { timeout: 1 } })).toMatchObject({ code: 124 });
});

it.each([
  [{ builders: ['linix'] }, "no builder 'linix'"],
  [{ workers: ['w9'] }, "no worker 'w9'"],
])('a choice of %o is refused, for nothing would ever be shown', async (choice, words) => {
  await expect(watch({ ...WHOLE, choice: { ...WHOLE_FARM, ...choice } })).rejects.toThrow(words);
});

it('what is mine is what the master knows under my name', async () => {
  const choice = { ...WHOLE_FARM, mine: true };
  await expect(watch({ choice })).rejects.toThrow('does not know who you are');
  user = { anonymous: false, username: 'alice' };
  const { text } = await watch({ choice });
  expect(JSON.parse(text).rows).toMatchObject([{ builder: 'linux' }]);
});
