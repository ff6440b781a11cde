import { afterEach, expect, it } from 'vitest';
import { type ApiServer, apiServer } from '../client/testing/api-server.ts';
import { until } from '../ui/testing/terminal.ts';
import { build, log, step, summary } from '../view/testing/resources.ts';
import { StepLogs } from './step-logs.ts';
import { ViewStore } from './view-store.ts';

let server: ApiServer | undefined;
afterEach(() => server?.close());

interface World {
  store: ViewStore;
  logs: StepLogs;
  ended: AbortController;
  /** Paths that were asked for, with their offsets. */
  asked: string[];
}

/** A step whose log holds `text`; one that runs stays open after it. */
async function setup(text: string, { isRunning }: { isRunning: boolean }): Promise<World> {
  const bytes = Buffer.from(text);
  const asked: string[] = [];
  const known = log({ num_bytes: bytes.length });
  server = await apiServer('HTTP/1.1', (request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    asked.push(url.pathname.replace('/api/v2/', '') + url.search);
    if (url.pathname.endsWith('/logs')) return void response.end(JSON.stringify({ logs: [known] }));
    response.writeHead(200);
    response.write(bytes.subarray(Number(url.searchParams.get('offset'))));
    if (!url.searchParams.has('follow')) response.end();
  });
  const store = new ViewStore();
  const ended = new AbortController();
  const logs = new StepLogs({ store, tails: true, signal: ended.signal });
  logs.use(server.client);
  const change = isRunning ? {} : { complete: true, results: 2 as const };
  store.dispatch({
    type: 'summary',
    summary: summary({ builds: [build()], steps: [step({ stepid: 1000, ...change })], logs: [known] }),
  });
  return { store, logs, ended, asked };
}

const LINES = Array.from({ length: 2000 }, (_, index) => `line ${index}`);

it('a failed step gives its last lines once, read from near the end', async () => {
  const { store, logs, asked } = await setup(`${LINES.join('\n')}\n\n`, { isRunning: false });
  await logs.settled();
  expect(store.state.excerpts.get(1000)).toEqual({ log: 'stdio', lines: LINES.slice(-12) });
  store.dispatch({
    type: 'preparation',
    preparation: { snapshot: 'done', link: 'done', target: '', startedAt: 0 },
  });
  await logs.settled();
  const reads = asked.filter((path) => path.includes('/raw'));
  expect(reads).toHaveLength(1);
  expect(Number(/offset=(\d+)/.exec(reads[0] ?? '')?.[1])).toBeGreaterThan(0);
});

it('a failed step is told as the master digests it, and asked for again when that is wanted', async () => {
  let mark = 'unknown';
  server = await apiServer('HTTP/1.1', (request, response) => {
    expect(request.url).toBe('/api/v2/builds/100/failure_digest');
    const lines = [{ number: 7, text: 'a.c:1:\u001b[2J error' }];
    const failed = { name: 'a\u0007', path: 'a.c', line: 1, mark, message: ['no\u001b[2J'] };
    const told = { mark, marks: { [mark]: 1 }, tests_failed: 1, tests: [failed], path: null, line: null };
    const digest = { steps: [{ stepid: 1000, log: { name: 'stdio' }, lines, ...told }] };
    response.end(JSON.stringify({ failure_digests: [digest] }));
  });
  const store = new ViewStore();
  const logs = new StepLogs({ store, tails: false, signal: new AbortController().signal });
  logs.use(server.client);
  const failed = step({ stepid: 1000, buildid: 100, complete: true, results: 2 });
  store.dispatch({ type: 'summary', summary: summary({ builds: [build()], steps: [failed] }) });
  await logs.settled();
  expect(store.state.excerpts.get(1000)).toEqual({ log: 'stdio', lines: ['a.c:1:␛[2J error'] });
  expect(store.state.failures.get(1000)).toEqual({
    ...{ mark: 'unknown', marks: { unknown: 1 }, testsFailed: 1, path: null, line: null },
    tests: [{ name: 'a␇', path: 'a.c', line: 1, mark: 'unknown', message: ['no␛[2J'] }],
  });
  mark = 'flaky';
  await logs.readFailuresAgain();
  expect(store.state.failures.get(1000)?.mark).toBe('flaky');
  await server.close();
  await logs.readFailuresAgain();
  expect(store.state.failures.get(1000)?.mark).toBe('flaky');
});

it('what a log would do to the terminal does not get into the lines', async () => {
  const hostile = 'a\u001b[2Jb\u001b]0;title\u0007\ttab\u001b[31mred\rover\n';
  const { store, logs } = await setup(hostile, { isRunning: false });
  await logs.settled();
  const [line = ''] = store.state.excerpts.get(1000)?.lines ?? [];
  expect(line).toBe('over');
});

it('a running step shows its newest lines until it has ended', async () => {
  const { store, asked } = await setup(LINES.join('\n'), { isRunning: true });
  await until(
    () => store.state.tails.has(1000),
    () => asked.join(),
  );
  expect(store.state.tails.get(1000)).toEqual(LINES.slice(-10));
  store.dispatch({
    type: 'event',
    event: { n: 99, k: 'builds/100/steps/0/finished', m: step({ stepid: 1000, complete: true, results: 0 }) },
  });
  await until(
    () => server?.open() === 0,
    () => asked.join(),
  );
  expect(store.state.excerpts.size).toBe(0);
});
