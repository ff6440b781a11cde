import type { StatusResource } from '@buildbot/shared';
import { describe, expect, it } from 'vitest';
import { FarmReporter } from './farm-news.ts';
import { reduce } from './reduce.ts';
import { farmEventLine, farmNewsLines } from './renderers/farm.ts';
import { EMPTY_STATE, type ViewState } from './state.ts';
import { build, builder, estimate, request, step, T0 } from './testing/resources.ts';

const worker = {
  workerid: 1,
  name: 'w1',
  connected_to: [{ masterid: 1 }],
  configured_on: [],
  workerinfo: { admin: null, host: null, access_uri: null, version: null },
  paused: false,
  pause_reason: null,
  graceful: false,
  availability: 'free',
  availability_rule: 'always',
  max_builds: 1,
  running_builds: 0,
  tags: [],
} as unknown as StatusResource['workers'][number];

const ended = build({ buildid: 90, number: 4, complete: true, complete_at_ms: T0 - 60_000, results: 2 });

function farm(change: Partial<StatusResource> = {}): ViewState {
  const status: StatusResource = {
    event_number: 10,
    title: 'Example',
    master: null,
    builders: [builder()],
    workers: [worker],
    builds: [build()],
    steps: [step()],
    last_builds: [ended],
    buildrequests: [request({ buildrequestid: 12 })],
    pending: 1,
    shelved: [],
    ...change,
  };
  const known = reduce(EMPTY_STATE, { type: 'estimate', n: 10, estimate: estimate() });
  return reduce(known, { type: 'status', status });
}

function told(state: ViewState, k: string, m: unknown): ViewState {
  return reduce(state, { type: 'event', event: { k, m, n: 11 } });
}

/** What comes after the first look at `farm()`. */
function newsAfter(k: string, m: unknown) {
  const reporter = new FarmReporter();
  reporter.take(farm(), T0);
  return reporter.take(told(farm(), k, m), T0);
}

describe('the first look at the farm', () => {
  it('tells what runs, with its estimate, and nothing that had ended', () => {
    const news = new FarmReporter().take(farm(), T0 + 20_000);
    expect(news).toMatchObject([
      {
        type: 'build_started',
        build: { buildId: 100 },
        left: { low: 30_000, middle: 40_000, high: 60_000 },
        samples: 12,
      },
    ]);
  });

  it('is silent before the master has told how things stand', () => {
    const reporter = new FarmReporter();
    expect(reporter.take(EMPTY_STATE, T0)).toEqual([]);
    expect(reporter.take(farm({ builds: [], steps: [] }), T0)).toEqual([]);
  });
});

describe('news of the farm', () => {
  it.each([
    ['workers/1/disconnected', { ...worker, connected_to: [] }, '… worker w1 disconnected'],
    ['workers/2/connected', { ...worker, workerid: 2, name: 'w2' }, '… worker w2 connected'],
    [
      'workers/1/suspected',
      { ...worker, suspect: { until: 9, reason: 'lost 3 builds in a row' } },
      '‼ worker w1 host down: lost 3 builds in a row',
    ],
    [
      'buildrequests/12/shelved',
      request({ buildrequestid: 12, state: 'shelved', shelved: { at: T0 / 1000, reason: 'gone' } }),
      '‼ linux is shelved, a person has to decide: gone',
    ],
    [
      'buildrequests/13/new',
      request({ buildrequestid: 13, waiting_reason: 'worker w1 is busy' }),
      '⧗ linux request 13 waits: worker w1 is busy',
    ],
    [
      'buildrequests/12/update',
      request({ buildrequestid: 12, waiting_reason: '1 request ahead' }),
      '⧗ linux request 12 waits: 1 request ahead',
    ],
    [
      'builds/101/new',
      build({ buildid: 101, number: 6 }),
      '▶ linux/6 started on w1 (build 101) · ~1m00s left (50s–1m20s, 12 past builds)',
    ],
    [
      'builds/100/finished',
      build({ complete: true, results: 0, complete_at_ms: T0 + 1000 }),
      '✔ linux/5 passed in 1s',
    ],
  ])('tells %s', (k, m, line) => {
    expect(newsAfter(k, m).flatMap(farmNewsLines)).toContain(line);
  });

  it('is silent about a worker and a request that are as they were', () => {
    expect(newsAfter('workers/1/state_updated', { ...worker, paused: true })).toEqual([]);
    expect(newsAfter('buildrequests/12/update', request({ buildrequestid: 12, priority: 3 }))).toEqual([]);
  });

  it('tells a queue that moves on once for each request, and again only for another kind of reason', () => {
    const reporter = new FarmReporter();
    reporter.take(farm({ buildrequests: [] }), T0);
    const ids = [21, 22, 23, 24];
    const reasons = (ahead: number) =>
      ids.map((id, index) =>
        request({
          buildrequestid: id,
          waiting_reason: `worker w1 is busy, ${index < ahead ? 'next in line' : `${index - ahead + 1} requests ahead`}`,
        }),
      );
    const rounds = [
      reasons(0),
      reasons(1),
      // As events tell requests: without a reason.
      ids.map((id) => request({ buildrequestid: id, waiting_reason: null })),
      reasons(2),
      ids.map((id, index) =>
        request({ buildrequestid: id, waiting_reason: `waits ${30 - index}s before it is tried again` }),
      ),
      ids.map((id) =>
        request({ buildrequestid: id, waiting_reason: 'waits 1m05s before it is tried again' }),
      ),
      ids.map((id) => request({ buildrequestid: id, waiting_reason: 'no worker is connected' })),
    ];
    const told = rounds.map((buildrequests, index) =>
      reporter
        .take(farm({ buildrequests, event_number: 20 + index }), T0 + index)
        .map((news) => ('reason' in news ? news.reason : news.type)),
    );
    expect(told.map((lines) => lines.length)).toEqual([4, 0, 0, 0, 4, 0, 4]);
    expect(told[0]?.[1]).toBe('worker w1 is busy, 2 requests ahead');
    expect(told[6]?.[0]).toBe('no worker is connected');
  });

  it('tells another worker as another reason, though only a digit differs', () => {
    const reporter = new FarmReporter();
    const waiting = (reason: string) => farm({ buildrequests: [request({ waiting_reason: reason })] });
    reporter.take(waiting('worker w1 is busy'), T0);
    expect(reporter.take(waiting('worker w2 is busy'), T0)).toHaveLength(1);
    expect(reporter.take(waiting('worker w2 is busy, 12 requests ahead'), T0)).toHaveLength(0);
  });

  it('has its own schema, and no estimate below three past builds', () => {
    const reporter = new FarmReporter();
    const young = { ...estimate(), samples: 2, total: null, steps: [] };
    const state = reduce(farm(), { type: 'estimate', n: 10, estimate: young });
    const [started] = reporter.take(state, T0);
    if (started === undefined) throw new Error('expected the running build');
    expect(JSON.parse(farmEventLine(started))).toMatchObject({
      schema: 'buildbot.watch.event/1',
      event: 'build_started',
      left: null,
      samples: 2,
    });
    expect(farmNewsLines(started)[0]).toContain('no estimate yet (2 past builds)');
  });
});
