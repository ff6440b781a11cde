import { buildEventPaths, buildSetEventPaths, requestEventPaths } from '@buildbot/shared';
import { afterEach, describe, expect, it } from 'vitest';
import { type Answer, type ApiServer, apiServer } from '../client/testing/api-server.ts';
import { systemClock } from '../clock.ts';
import { type Fact, factsOf } from '../view/facts.ts';
import { eventLine } from '../view/renderers/events.ts';
import { plainLines } from '../view/renderers/plain.ts';
import { build, buildSet, request, step, summary, T0 } from '../view/testing/resources.ts';
import { TryFollower } from './follow-try.ts';
import { addressLink } from './master-link.ts';
import type { Runtime } from './runtime.ts';
import { ViewStore } from './view-store.ts';

const claimed = request({ claimed: true, waiting_reason: null, complete: true, results: 0 });
const finished = build({ complete: true, results: 0, complete_at_ms: 1 });
const EVENTS = [
  { n: 11, k: buildEventPaths(build(), 'new')[0], m: build() },
  {
    n: 12,
    k: buildEventPaths(build({ buildid: 999, buildrequestid: 4 }), 'new')[0],
    m: build({ buildid: 999, buildrequestid: 4 }),
  },
  { n: 13, k: buildEventPaths(finished, 'finished')[0], m: finished },
  { n: 14, k: requestEventPaths(claimed, 'complete')[0], m: claimed },
  {
    n: 15,
    k: buildSetEventPaths(7, 'complete')[0],
    m: buildSet({ complete: true, results: 0, complete_at: 1_795_000_030 }),
  },
];

describe('following a try', () => {
  let server: ApiServer | undefined;
  afterEach(() => server?.close());

  async function world(answer: Answer, timeoutMs?: number, reconnectMs?: number, newOnly = false) {
    server = await apiServer('HTTP/1.1', answer);
    const store = new ViewStore();
    const link = addressLink(server.url);
    const runtime = { clock: systemClock, random: () => 0 } as Runtime;
    const follower = new TryFollower({
      link,
      store,
      runtime,
      attachCommand: ['buildbot', 'watch'],
      timeoutMs,
      reconnectMs,
      tails: false,
      newOnly,
    });
    return { store, follower };
  }

  function answering(
    events: (from: number, request: Parameters<Answer>[0], response: Parameters<Answer>[1]) => void,
  ): Answer {
    return (asked, response) => {
      const url = new URL(asked.url ?? '', 'http://x');
      if (url.pathname.endsWith('/summary'))
        response.end(JSON.stringify({ summaries: [summary()], meta: {} }));
      else if (url.pathname.endsWith('/workers')) response.end(JSON.stringify({ workers: [], meta: {} }));
      else if (url.pathname.endsWith('/events')) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        events(Number(url.searchParams.get('from')), asked, response);
      } else {
        response.writeHead(404);
        response.end('{"error":"not found"}');
      }
    };
  }

  it('goes on from the last event after each break, and ends with the result', async () => {
    const asked: number[] = [];
    const { store, follower } = await world(
      answering((from, _, response) => {
        asked.push(from);
        const next = EVENTS.find(({ n }) => n > from);
        response.write(`id: ${next?.n}\ndata: ${JSON.stringify(next)}\n\n`, () =>
          setImmediate(() => response.destroy()),
        );
      }),
    );
    expect(await follower.follow(7, null)).toEqual({
      exitCode: 0,
      text: 'try #7 passed in 30s',
      mark: '✔',
    });
    expect(asked).toEqual([10, 11, 12, 13, 14]);
    expect([...store.state.builds.keys()]).toEqual([100]);
    const types = factsOf(store.state).map(({ type }) => type);
    expect(types.filter((type) => type === 'link_lost').length).toBeGreaterThan(0);
    expect(types.filter((type) => type === 'link_restored').length).toBe(
      types.filter((type) => type === 'link_lost').length,
    );
  });

  it('says that the master drains, and that it stops on purpose', async () => {
    const [first, ...rest] = [{ n: 11, k: 'masters/1/draining', m: {} }, ...EVENTS.slice(2)];
    const frame = (event: object) => `data: ${JSON.stringify(event)}\n\n`;
    const { store, follower } = await world(
      answering((from, _, response) => {
        if (from < 11 && first) response.end(`${frame(first)}event: stopping\n${frame({ n: 11 })}`);
        else response.write(rest.map(frame).join(''));
      }),
    );
    expect((await follower.follow(7, null)).exitCode).toBe(0);
    const lines = factsOf(store.state).flatMap(plainLines);
    expect(lines).toContain(
      '… the master is being stopped: it starts nothing more, and ends when the builds that run have ended',
    );
    expect(lines.join('\n')).toContain('… connection lost (the master is being stopped), trying again');
  });

  it.each<[boolean, string, number, string]>([
    [true, 'flaky', 0, 'try #7 failed in 30s, nothing of it is new'],
    [true, 'new', 1, 'try #7 failed in 30s'],
    [false, 'flaky', 1, 'try #7 failed in 30s'],
  ])(
    'with --new-only %s and a failure that is %s in the end ends with %i',
    async (newOnly, mark, exitCode, text) => {
      const failed = step({ stepid: 1000, complete: true, results: 2 });
      const end = buildSet({ complete: true, results: 2, complete_at: 1_795_000_030 });
      const told = summary({
        ...{ buildset: end, buildrequests: [{ ...claimed, results: 2 }], steps: [failed] },
        builds: [build({ complete: true, results: 2, complete_at_ms: 1 })],
      });
      // Of the base nothing is known when the step ends.
      const marks = ['unknown', mark];
      const digest = () => {
        const known = marks.length > 1 ? marks.shift() : marks[0];
        const about = { mark: known, marks: {}, tests_failed: 0, tests: [], path: null, line: null };
        return { steps: [{ stepid: 1000, log: null, lines: [], ...about }] };
      };
      const other = answering(() => undefined);
      const { follower } = await world(
        (asked, response) => {
          const isDigest = asked.url?.endsWith('/failure_digest') === true;
          if (isDigest) response.end(JSON.stringify({ failure_digests: [digest()] }));
          else if (asked.url?.endsWith('/summary')) response.end(JSON.stringify({ summaries: [told] }));
          else other(asked, response);
        },
        ...([undefined, undefined, newOnly] as const),
      );
      expect(await follower.follow(7, null)).toEqual({ exitCode, text, mark: '✗' });
    },
  );

  it('says how long it took from milliseconds, and to programs without a mark', async () => {
    const quick = build({ complete: true, results: 0, complete_at_ms: T0 + 387 });
    const ends = EVENTS.slice(2).map((event) => (event.n === 13 ? { ...event, m: quick } : event));
    const { store, follower } = await world(
      answering((_from, _, response) => {
        for (const event of ends) response.write(`id: ${event.n}\ndata: ${JSON.stringify(event)}\n\n`);
      }),
    );
    const ending = await follower.follow(7, null);
    expect(ending).toMatchObject({ text: 'try #7 passed in 0.3s', mark: '✔' });
    store.dispatch({ type: 'local', fact: { type: 'finished', at: T0, ...ending } });
    const finished = factsOf(store.state).at(-1) as Fact;
    expect(plainLines(finished)).toEqual(['✔ try #7 passed in 0.3s']);
    expect(JSON.parse(eventLine(finished))).toEqual({
      schema: 'buildbot.try.event/1',
      event: 'finished',
      at: T0,
      exitCode: 0,
      text: 'try #7 passed in 0.3s',
    });
  });

  it.each([
    [false, /^try #7 broke in /],
    [true, /^try #7 infrastructure failure in /],
  ])('ends with 4 when a build could not say, in words for whose fault it is (%j)', async (fault, text) => {
    const broken = build({ complete: true, results: 4, complete_at_ms: T0 + 300, infrastructure: fault });
    const events = [
      { n: 13, k: buildEventPaths(broken, 'finished')[0], m: broken },
      { n: 15, k: buildSetEventPaths(7, 'complete')[0], m: { ...EVENTS[4]?.m, results: 4 } },
    ];
    const { follower } = await world(
      answering((_from, _, response) => {
        for (const event of events) response.write(`id: ${event.n}\ndata: ${JSON.stringify(event)}\n\n`);
      }),
    );
    const ending = await follower.follow(7, null);
    expect(ending).toEqual({ exitCode: 4, text: expect.stringMatching(text), mark: '‼' });
  });

  it('ends with 4 when all that is left is shelved, and says what to type', async () => {
    const other = request({ buildrequestid: 12, builderid: 2 });
    const shelved = (one: typeof other) => ({
      ...one,
      state: 'shelved' as const,
      shelved: { at: 1_795_000_000, reason: 'gone' },
    });
    const first = shelved(request());
    const events = [
      { n: 11, k: requestEventPaths(first, 'shelved')[0], m: first },
      { n: 12, k: requestEventPaths(other, 'shelved')[0], m: shelved(other) },
    ];
    const start = summary({ buildrequests: [request(), other] });
    const answer = answering((from, _, response) => {
      for (const event of events.filter(({ n }) => n > from))
        response.write(`id: ${event.n}\ndata: ${JSON.stringify(event)}\n\n`);
    });
    const { follower } = await world((asked, response) => {
      if (asked.url?.includes('summary')) response.end(JSON.stringify({ summaries: [start], meta: {} }));
      else answer(asked, response);
    });
    expect(await follower.follow(7, null)).toEqual({
      exitCode: 4,
      text:
        'try #7 is shelved after infrastructure failures. To try again: buildbot unshelve 11 12; ' +
        'then: buildbot watch 7',
      mark: '‼',
    });
  });

  it('reads everything anew when the position is not kept any more', async () => {
    let summaries = 0;
    const answer = answering(
      (_, __, response) => void response.write('event: resync\ndata: {"resync":true,"n":90}\n\n'),
    );
    const done = summary({
      event_number: 90,
      buildset: buildSet({ complete: true, results: 2 }),
      buildrequests: [{ ...claimed, results: 2 }],
    });
    const { follower } = await world((asked, response) => {
      if (asked.url?.includes('summary') && ++summaries > 1)
        response.end(JSON.stringify({ summaries: [done], meta: {} }));
      else answer(asked, response);
    });
    expect((await follower.follow(7, null)).exitCode).toBe(1);
    expect(summaries).toBe(2);
  });

  it('asks again and again where there are no events, as on a real Buildbot', async () => {
    let rounds = 0;
    const lists: Record<string, () => unknown> = {
      'buildsets/7': () => [++rounds > 1 ? { ...buildSet(), complete: true, results: 6 } : buildSet()],
      buildrequests: () => [request()],
      builders: () => [],
      workers: () => [],
      builds: () => [{ ...build(), started_at_ms: undefined, attempt: undefined }],
      'builds/100/steps': () => [{ ...step(), started_at_ms: undefined }],
    };
    const { store, follower } = await world((asked, response) => {
      const path = new URL(asked.url ?? '', 'http://x').pathname.replace('/api/v2/', '');
      const list = lists[path];
      response.writeHead(list === undefined ? 404 : 200);
      response.end(
        JSON.stringify(
          list === undefined
            ? { error: 'Invalid path' }
            : { [path.split('/').findLast((part) => /^[a-z]/.test(part)) ?? '']: list(), meta: {} },
        ),
      );
    });
    expect((await follower.follow(7, null)).exitCode).toBe(3);
    expect(store.state.builds.get(100)?.value.started_at_ms).toBe(build().started_at * 1000);
  });

  it('says that there is no such try, and where to look', async () => {
    const { follower } = await world((_, response) => {
      response.writeHead(404);
      response.end('{"error":"not found"}');
    });
    await expect(follower.follow(999, null)).rejects.toMatchObject({
      message: 'there is no try #999',
      hint: "'buildbot watch' shows the builds.",
    });
  });

  it('stops waiting in time, and the builds go on', async () => {
    const { follower } = await world(
      answering(() => {}),
      50,
    );
    const ending = await follower.follow(7, null);
    expect(ending.exitCode).toBe(124);
    expect(ending.text).toContain('buildbot watch 7');
  });

  it('detaches from a master that does not come back, with the line that attaches again', async () => {
    const { store, follower } = await world(
      answering(() => void server?.close()),
      undefined,
      300,
    );
    expect((await follower.follow(7, null)).exitCode).toBe(75);
    const facts = factsOf(store.state);
    expect(facts.at(-2)).toMatchObject({ type: 'note', text: '… no contact for 0.3s: given up' });
    expect(facts.at(-1)).toMatchObject({ type: 'detached', attach: 'buildbot watch 7', canStop: false });
  });

  it('detaches with the line that attaches again', async () => {
    const { store, follower } = await world(answering(() => follower.intents.detach()));
    follower.intents.sending();
    expect((await follower.follow(7, null)).exitCode).toBe(75);
    expect(factsOf(store.state).at(-1)).toMatchObject({ type: 'detached', attach: 'buildbot watch 7' });
  });

  it('asks the master to cancel every open request when the builds are to stop', async () => {
    const asked: string[] = [];
    let end: (() => void) | undefined;
    const events = answering((_, __, response) => {
      end = () => {
        const complete = { n: 11, k: 'buildsets/7/complete', m: buildSet({ complete: true, results: 6 }) };
        response.write(`data: ${JSON.stringify(complete)}\n\n`);
      };
      follower.intents.stop();
    });
    const { follower } = await world((request, response) => {
      if (request.method !== 'POST') return events(request, response);
      asked.push(request.url ?? '');
      request.resume().on('end', () => {
        response.end('{"jsonrpc":"2.0","id":1,"result":null}');
        end?.();
      });
      return undefined;
    });
    follower.intents.sending();
    expect((await follower.follow(7, null)).exitCode).toBe(3);
    expect(asked).toEqual(['/api/v2/buildrequests/11']);
  });
});
