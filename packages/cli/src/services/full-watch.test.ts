/** The full screen as cells of a headless terminal, with a small server behind it: what is drawn, and what keys do. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StatusResource } from '@buildbot/shared';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { apiServer } from '../client/testing/api-server.ts';
import { type TestTerminal, testTerminal, until } from '../ui/testing/terminal.ts';
import { build, builder, estimate, log, request, step, T0, worker } from '../view/testing/resources.ts';
import { CurrentClient } from './current-client.ts';
import { type FullEnd, FullWatch } from './full-watch.ts';
import { testRuntime } from './testing/test-runtime.ts';
import { ViewStore } from './view-store.ts';

const STATUS: StatusResource = {
  event_number: 3,
  title: 'Example',
  master: null,
  builders: [builder(), builder({ builderid: 2, name: 'mac' }), builder({ builderid: 3, name: 'arm' })],
  workers: [
    worker(),
    worker({ workerid: 2, name: 'w2', suspect: { until: 9, reason: 'lost 3 builds' } }),
    worker({ workerid: 3, name: 'w3', availability: 'reluctant', availability_rule: 'owner' }),
  ],
  builds: [build({ started_at_ms: T0 - 20_000 })],
  steps: [step()],
  last_builds: [
    build({
      ...{ buildid: 90, number: 4, builderid: 2, complete: true, results: 2, state_string: 'failed test' },
      complete_at_ms: T0 - 60_000,
    }),
  ],
  buildrequests: [request({ builderid: 3, buildrequestid: 12, waiting_reason: 'worker arm-1 is busy' })],
  pending: 1,
  shelved: [],
};

const LINES = Array.from({ length: 300 }, (_, index) => `line ${index} of the log\n`);
const LOG = LINES.with(120, 'error: \x1b[2Jexpected 3\n').join('');

interface World {
  terminal: TestTerminal;
  store: ViewStore;
  asked: string[];
  end: Promise<FullEnd | null>;
  over: () => void;
  suspended: () => number;
  /** Resolves when the window shows it. */
  shows: (wanted: RegExp) => Promise<void>;
}

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function world(columns = 80, rows = 24, pager = 'cat'): Promise<World> {
  const asked: string[] = [];
  const server = await apiServer('HTTP/1.1', (message, response) => {
    const path = (message.url ?? '').replace('/api/v2/', '');
    asked.push(`${message.method} ${path}`);
    if (path.startsWith('logs/5000/raw'))
      return void response.end(LOG.slice(Number(/offset=(\d+)/.exec(path)?.[1])));
    const found = {
      'builds/100': { builds: [build()] },
      'builds/90': { builds: [STATUS.last_builds[0]] },
      'builders/1': { builders: [builder()] },
      'builders/1/forceschedulers': { forceschedulers: [{ name: 'by-hand' }] },
      'forceschedulers/by-hand': { result: [31, {}] },
      'builds/100/steps': {
        steps: [
          step(),
          step({ stepid: 1001, number: 1, name: 'pack', started_at: null, started_at_ms: null }),
        ],
      },
      'builds/90/steps': { steps: [step({ stepid: 900, buildid: 90, complete: true, results: 2 })] },
      'steps/1000/logs': { logs: [log()] },
      'steps/900/logs': { logs: [log({ complete: true, num_bytes: LOG.length })] },
      workers: { workers: [worker()] },
    }[path];
    response.statusCode = found === undefined ? 404 : 200;
    response.end(
      JSON.stringify(message.method === 'POST' ? { result: [32, {}] } : (found ?? { error: 'none' })),
    );
  });
  const terminal = testTerminal(columns, rows);
  const store = new ViewStore();
  const current = new CurrentClient();
  current.use(server.client);
  let suspended = 0;
  const { runtime } = testRuntime('/nowhere');
  const { stdout, stdin } = terminal;
  const over = Promise.withResolvers<void>();
  const watch = new FullWatch({
    ...{ store, current, onAway: () => {} },
    runtime: {
      ...runtime,
      ...{ stdout, stdin, clock: { ...runtime.clock, now: () => T0 } },
      environment: { ...runtime.environment, env: { PATH: process.env.PATH, PAGER: pager } },
      suspend: async () => void suspended++,
    },
  });
  store.dispatch({ type: 'estimate', n: 3, estimate: estimate() });
  store.dispatch({ type: 'status', status: STATUS });
  const end = watch.run(over.promise);
  ends.push(async () => {
    over.resolve();
    await end;
    await server.close();
  });
  const shows = (wanted: RegExp) =>
    until(
      async () => wanted.test((await terminal.screen()).join('\n')),
      () => `${wanted} in\n${terminal.bytes().slice(-3000)}`,
    );
  return { terminal, store, asked, end, over: over.resolve, suspended: () => suspended, shows };
}

/** Neither the window nor its scrollback is ever cleared, and the alternate screen is left as often as entered. */
async function expectCalm({ terminal, end, over }: World): Promise<void> {
  over();
  await end;
  const bytes = terminal.bytes();
  expect(bytes).not.toMatch(/\x1b\[[23]J|\x1bc/);
  expect(bytes.split('\x1b[?1049h').length).toBe(bytes.split('\x1b[?1049l').length);
}

describe('the full screen', () => {
  it.each([40, 80, 120, 250])('lists builders, queue and workers, at %i columns', async (columns) => {
    const w = await world(columns);
    await w.shows(/q quit/);
    const rows = await w.terminal.screen();
    expect(rows[0]).toMatch(/^Example {2}1 running · 1 waiting/);
    expect(rows[1]).toMatch(/^›▾ Builders \(3\)/);
    expect(rows[2]).toMatch(
      columns < 100 ? /^ ▶ linux +#5 test +20s/ : /^ ▶ linux +#5 test +███░{7} 20s {2}~1m00s left {2}on w1/,
    );
    expect(rows[3]).toMatch(/^ · arm +1 waiting: worker arm-1/);
    expect(rows[4]).toMatch(/^ ✗ mac +#4 failed, 1m0?0?s? ?ago/);
    expect(rows[5]).toMatch(/^ ▾ Queue \(1\)/);
    expect(rows[6]).toMatch(/^ ⧗ arm +request 12 worker arm/);
    expect(rows[8]).toMatch(/^ ✔ w1 +free {2}0 of 1 builds/);
    expect(rows[9]).toMatch(/^ ‼ w2 +host down: lost 3/);
    expect(rows[10]).toMatch(/^ ◌ w3 +reluctant \(owner/);
    expect(rows.every((row) => row.length < columns)).toBe(true);
    w.terminal.type('q');
    expect(await w.end).toBe('quit');
    await expectCalm(w);
  });

  it('moves, folds, sorts and filters', async () => {
    const w = await world();
    await w.shows(/Builders \(3\)/);
    w.terminal.type('j');
    await w.shows(/^›▶ linux/m);
    w.terminal.type('G');
    await w.shows(/^›◌ w3/m);
    w.terminal.type(' ');
    await w.shows(/^›▸ Workers \(3\)/m);
    w.terminal.type('s');
    await w.shows(/▾ Builders.*\n · arm.*\n ▶ linux.*\n ✗ mac/);
    w.terminal.type('/ar');
    await w.shows(/Builders \(1\)\n · arm/);
    w.terminal.type('\r');
    await w.shows(/only ar \(esc all\)/);
    expect((await w.terminal.screen()).join('\n')).not.toContain('mac');
  });

  it('follows the log of a build that runs, and finds text in it', async () => {
    const w = await world(80, 30);
    await w.shows(/Builders/);
    w.terminal.type('j\r');
    await w.shows(/▶ linux\/5 .*on w1/);
    await w.shows(/›▶ test .*\n · pack/);
    await w.shows(/── test stdio · end ─+\n(.*\n)+line 299 of the log/);
    w.terminal.type('/expected\r');
    await w.shows(/error: .*expected 3/);
    await w.shows(/lines \d+–\d+ of 300/);
    w.terminal.type('G');
    await w.shows(/line 299 of the log/);
    w.terminal.type('\x1b');
    await w.shows(/Builders \(3\)/);
    await expectCalm(w);
  });

  it('asks before it stops a build', async () => {
    const w = await world();
    await w.shows(/Builders/);
    w.terminal.type('jx');
    await w.shows(/stop build #5\? y yes/);
    w.terminal.type('n');
    await w.shows(/s sort/);
    expect(w.asked.some((line) => line.startsWith('POST'))).toBe(false);
    w.terminal.type('xy');
    await w.shows(/stopping build/);
    expect(w.asked).toContain('POST builds/100');
  });

  it('rebuilds what has ended, and forces where there is a form', async () => {
    const w = await world();
    await w.shows(/Builders/);
    w.terminal.type('jjjr');
    await w.shows(/rebuilt as try #32/);
    w.terminal.type('kkFy');
    await w.shows(/forced linux as try #32/);
    expect(w.asked).toContain('POST forceschedulers/by-hand');
    w.terminal.type('jFy');
    await w.shows(/the master has no/);
  });

  it('says why something waits, and which keys there are', async () => {
    const w = await world();
    await w.shows(/Builders/);
    w.terminal.type('jjw');
    await w.shows(/arm request 12 waits: worker arm-1 is busy/);
    w.terminal.type('q');
    await w.shows(/Builders/);
    w.terminal.type('?');
    await w.shows(/force a build \(asks\)/);
  });

  it('shows the whole log in the pager of the user, sanitised, and comes back', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'pager-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const program = join(dir, 'my pager'.replace(' ', '-'));
    await writeFile(program, `#!/bin/sh\ncat > "$1"\n`);
    await chmod(program, 0o755);
    const w = await world(80, 24, `${program} ${join(dir, 'out;x')}`);
    await w.shows(/Builders/);
    w.terminal.type('jjj\r');
    await w.shows(/✗ mac\/4 {2}failed: failed test/);
    await w.shows(/line 299 of the log/);
    w.terminal.type('o');
    await until(() => w.terminal.bytes().split('\x1b[?1049h').length === 3, w.terminal.bytes);
    const text = await readFile(join(dir, 'out;x'), 'utf8');
    expect(text.split('\n')).toHaveLength(301);
    expect(text).not.toContain('\x1b[2J');
    await w.shows(/line 299 of the log/);
    await expectCalm(w);
  });

  it('says that a pager cannot be run', async () => {
    const w = await world(80, 24, '/nowhere/pager');
    await w.shows(/Builders/);
    w.terminal.type('j\r');
    await w.shows(/line 299 of the log/);
    w.terminal.type('o');
    await w.shows(/cannot run the pager \/nowhere\/pager/);
  });

  it('gives the terminal back while it is suspended', async () => {
    const w = await world();
    await w.shows(/Builders/);
    w.terminal.type('\x1a');
    await until(() => w.terminal.bytes().split('\x1b[?1049h').length === 3, w.terminal.bytes);
    expect(w.suspended()).toBe(1);
    await w.shows(/Builders/);
    w.terminal.type('f');
    expect(await w.end).toBe('inline');
    await expectCalm(w);
  });

  it.each([
    [1, 1],
    [3, 4],
    [20, 6],
  ])('survives a window of %i by %i', async (columns, rows) => {
    const w = await world();
    await w.shows(/Builders/);
    w.terminal.type('j\r');
    await w.shows(/line 299/);
    w.terminal.resize(columns, rows);
    w.terminal.type('\x1b');
    w.terminal.resize(80, 24);
    await w.shows(/^Example.*\n.*Builders \(3\)/);
    await expectCalm(w);
  });
});
