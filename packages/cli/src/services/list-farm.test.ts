import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiServer, apiServer } from '../client/testing/api-server.ts';
import { build, builder, request } from '../view/testing/resources.ts';
import {
  builderLines,
  listBuilderNames,
  listBuilders,
  listWorkers,
  nameLines,
  workerLines,
} from './list-farm.ts';

const NOW = new Date(2026, 10, 21, 9, 0).getTime();

const worker = {
  workerid: 1,
  name: 'w1',
  connected_to: [{ masterid: 1 }],
  configured_on: [{ masterid: 1, builderid: 1 }],
  workerinfo: { version: '1.0' },
  paused: false,
  graceful: false,
  availability: 'reluctant',
  availability_rule: "worker's calendar",
  availability_reason: 'somebody \u001b[2J uses it',
  availability_until: new Date(2026, 10, 21, 18, 0).getTime() / 1000,
  running_builds: 1,
  tags: [],
};

const ANSWERS: Readonly<Record<string, object>> = {
  builders: {
    builders: [
      builder(),
      builder({ builderid: 2, name: 'a\u001b[2J' }),
      builder({ builderid: 3, name: 'gone', masterids: [] }),
    ],
  },
  workers: {
    workers: [worker, { workerid: 2, name: 'old-one', connected_to: [], configured_on: [], workerinfo: {} }],
  },
  'builds?complete=false': { builds: [build()] },
  'buildrequests?complete=false&claimed=false': {
    buildrequests: [request(), request({ buildrequestid: 12 })],
  },
  'builders/1/builds?complete=true&order=-number&limit=1': {
    builds: [build({ buildid: 90, number: 4, complete: true, results: 2 })],
  },
  'builders/2/builds?complete=true&order=-number&limit=1': { builds: [] },
};

let server: ApiServer;
beforeEach(async () => {
  server = await apiServer('HTTP/1.1', (asked, response) => {
    const found = ANSWERS[(asked.url ?? '').replace('/api/v2/', '')];
    response.statusCode = found === undefined ? 404 : 200;
    response.end(JSON.stringify(found ?? { error: asked.url }));
  });
});
afterEach(() => server.close());

describe('builders', () => {
  it('are listed with how they stand, one per line, fit for a terminal', async () => {
    expect(builderLines(await listBuilders(server.client))).toEqual([
      'BUILDER  LAST       RUNNING  WAITING  WORKERS',
      'linux    #4 failed  1        2        w1',
      'a␛[2J    -          0        0        -',
    ]);
  });

  it('are listed by name alone for other programs', async () => {
    expect(nameLines(await listBuilders(server.client))).toEqual(['linux', 'a␛[2J']);
    expect(await listBuilderNames(server.client)).toEqual(['linux', 'a\u001b[2J']);
  });
});

describe('workers', () => {
  it('that lost builds or are missing are host down, with the reason', async () => {
    const [known] = await listWorkers(server.client);
    if (known === undefined) throw new Error('expected a worker');
    const suspect = { until: 1_795_000_000, reason: 'lost 3 builds in a row, last: it is gone' };
    const lines = workerLines(
      [
        { ...known, suspect },
        { ...known, name: 'w2', connected: false, awaySince: 1_795_000_000, missingSince: 1_795_000_600 },
      ],
      NOW,
    );
    expect(lines[0]).toMatch(/ NOTE$/);
    expect(lines[1]).toMatch(
      /^w1 +host down .*no builds until 2026-11-18T11:06:40Z: lost 3 builds in a row, last: it is gone$/,
    );
    expect(lines[2]).toMatch(/^w2 +host down .*away since 2026-11-18T11:06:40Z$/);
  });

  it('are listed with availability and its rule, and with what a real Buildbot does not know as unknown', async () => {
    expect(workerLines(await listWorkers(server.client), NOW)).toEqual([
      'WORKER   STATE      AVAILABILITY                                                       RUNNING  VERSION',
      "w1       connected  reluctant (worker's calendar: somebody ␛[2J uses it, until 18:00)  1        1.0",
      'old-one  offline    -                                                                  -        -',
    ]);
    const [known] = await listWorkers(server.client);
    if (known === undefined) throw new Error('expected a worker');
    const leaving = { ...known, graceful: true, admin: 'Ann <ann@example.org>', host: 'rack 4' };
    const [head, line] = workerLines([leaving], NOW);
    expect(head).toMatch(/ VERSION +ADMIN +HOST$/);
    expect(line).toMatch(/^w1 +leaving .* Ann <ann@example.org> +rack 4$/);
  });
});
