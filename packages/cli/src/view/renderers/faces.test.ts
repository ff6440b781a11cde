import { describe, expect, it } from 'vitest';
import { factLines } from '../../ui/fact-lines.ts';
import { textOf } from '../../ui/line.ts';
import { NO_KEYS } from '../../ui/try-keys.ts';
import { tryLines } from '../../ui/try-layout.ts';
import { type Fact, factsOf } from '../facts.ts';
import type { LocalFact } from '../messages.ts';
import { reduce } from '../reduce.ts';
import { EMPTY_STATE } from '../state.ts';
import { build, request, summary, T0 } from '../testing/resources.ts';
import { STORY } from '../testing/story.ts';
import { tryView } from '../try-view.ts';
import { eventLine } from './events.ts';
import { finalObject } from './json.ts';
import { plainLines } from './plain.ts';
import { ToldOnce } from './told-once.ts';

const final = STORY.reduce(reduce, EMPTY_STATE);
const facts = factsOf(final);

describe('the plain face', () => {
  it('tells the whole try in words', () => {
    expect(facts.flatMap(plainLines)).toMatchInlineSnapshot(`
      [
        "✔ snapshot 2 files on main 4f1c2abd0011 · 18 KiB · 0.2s",
        "  ~ src/a.c",
        "  + new.bin (binary)",
        "  not sent: 1 untracked (x.tmp)",
        "✔ try #7 queued on linux as alice",
        "▶ linux/5 started on w1 (build 100)",
        "▶ linux/5 › compile",
        "✔ linux/5 › compile passed in 10s",
        "▶ linux/5 › test",
        "… connection lost (connection reset), trying again in 0.5s",
        "… connected again",
        "✗ linux/5 › test failed in 20s: 'make test' failed",
        "✗ linux/5 › test › NetTest.Timeout  NEW  net_test.cc:88: expected 3, got 2",
        "    │ in the second round",
        "  linux/5 › test › from stdio:",
        "    │ net_test.cc:88: expected 3, got 2",
        "    │ make: *** [test] Error 1",
        "    $ buildbot log 100 test",
        "    $ buildbot rebuild 100",
        "✗ linux/5 failed in 30s",
        "✗ try #7 failed in 30s",
      ]
    `);
  });
});

describe('a build that could not say', () => {
  it.each([
    [false, '‼ linux/5 broke in 1s: no such property'],
    [true, '‼ linux/5 infrastructure failure in 1s: no such property'],
  ])('is called by whose fault it is (the infrastructure’s: %j)', (infrastructure, line) => {
    const change = { complete: true, complete_at_ms: T0 + 1000, results: 4, infrastructure } as const;
    const builds = [build({ ...change, state_string: 'no such property' })];
    const state = reduce(EMPTY_STATE, { type: 'summary', summary: summary({ builds }) });
    expect(factsOf(state).flatMap(plainLines)).toContain(line);
  });
});

describe('a snapshot without a base', () => {
  it.each([
    [null, "the newest of the builder's branch"],
    ['main', 'the newest of main'],
  ])('of branch %s says what it will be built on', (branch, words) => {
    const snapshot = facts[0] as Extract<Fact, { type: 'snapshot' }>;
    expect(plainLines({ ...snapshot, base: null, branch })[0]).toBe(
      `✔ snapshot 2 files on ${words} · 18 KiB · 0.2s`,
    );
  });
});

describe('a stopped build', () => {
  const stopped = build({
    complete: true,
    complete_at_ms: T0 + 3000,
    results: 6,
    state_string: 'cancelled by alice: wrong branch',
    stopped_by: 'alice',
    stop_reason: 'wrong branch',
  });
  const request11 = request({ claimed: true, complete: true, results: 6 });
  const state = reduce(EMPTY_STATE, {
    type: 'summary',
    summary: summary({ builds: [stopped], buildrequests: [request11] }),
  });
  const fact = factsOf(state).at(-1) as Fact;
  const words = 'cancelled by alice: wrong branch';

  it('reads the same in all four faces', () => {
    expect(plainLines(fact)).toEqual([`■ linux/5 ${words} · 3s`]);
    expect(factLines(fact).map(textOf)).toEqual(plainLines(fact));
    expect(JSON.parse(eventLine(fact))).toMatchObject({ text: words, stoppedBy: 'alice' });
    expect(finalObject(tryView(state, T0), [fact], 3)).toMatchObject({ builds: [{ text: words }] });
  });

  it('that had ended before the order reached it tells its own end', () => {
    const late = reduce(EMPTY_STATE, {
      type: 'summary',
      summary: summary({ builds: [{ ...stopped, results: 0, state_string: 'build successful' }] }),
    });
    expect(plainLines(factsOf(late).at(-1) as Fact)).toEqual(['✔ linux/5 passed in 3s']);
  });
});

describe('a request that was cancelled in the queue', () => {
  const cancelled = request({
    complete: true,
    complete_at: T0 / 1000 + 1,
    results: 6,
    stopped_by: 'bob\u001b[2J',
    stop_reason: 'not needed',
  });
  const told = (change: Parameters<typeof summary>[0]) =>
    factsOf(reduce(EMPTY_STATE, { type: 'summary', summary: summary(change) }));

  it('says by whom and why, fit for a terminal, since no build of it can', () => {
    const [fact] = told({ builds: [], buildrequests: [cancelled] });
    const [line = ''] = plainLines(fact as Fact);
    expect(line).toMatch(/^■ linux cancelled by bob.*: not needed, before it began$/);
    expect(line).not.toContain('\u001b');
    expect(JSON.parse(eventLine(fact as Fact))).toMatchObject({
      event: 'request_cancelled',
      result: 'cancelled',
    });
  });

  it('leaves the telling to its build when there was one', () => {
    const facts = told({ builds: [build()], buildrequests: [cancelled] });
    expect(facts.map(({ type }) => type)).not.toContain('request_cancelled');
  });
});

describe('the NDJSON face', () => {
  it('tells each fact as an object with its schema', () => {
    const lines = facts.map((fact) => JSON.parse(eventLine(fact)));
    expect(lines.every(({ schema }) => schema === 'buildbot.try.event/1')).toBe(true);
    expect(lines.map(({ event }) => event)).toEqual([
      'snapshot',
      'queued',
      'build_started',
      'step_started',
      'step_finished',
      'step_started',
      'link_lost',
      'link_restored',
      'step_finished',
      'step_failure',
      'log_excerpt',
      'build_finished',
      'finished',
    ]);
    expect(lines.find(({ event }) => event === 'build_finished')).toMatchObject({
      results: 2,
      result: 'failure',
      build: { buildId: 100, builder: 'linux', number: 5 },
    });
  });
});

describe('the JSON face', () => {
  it('says how it ended, builder by builder, with every event', () => {
    const object = finalObject(tryView(final, T0), facts, 1);
    expect(object).toMatchObject({
      schema: 'buildbot.try/1',
      exitCode: 1,
      buildSetId: 7,
      result: 'failure',
      builds: [{ builder: 'linux', result: 'failure', durationMs: 30_000 }],
    });
    expect(object.events).toHaveLength(facts.length);
  });
});

describe('all four faces', () => {
  /** What a person at the screen has seen: the scrollback and each picture of the live block. */
  function seenOnScreen(): string {
    const seen: string[] = [];
    STORY.reduce((state, message) => {
      const next = reduce(state, message);
      const view = tryView(next, T0 + 20_000);
      seen.push(...tryLines(view, NO_KEYS, { columns: 120, rows: 40 }, T0).map(textOf));
      seen.push(...factsOf(next).flatMap(factLines).map(textOf));
      return next;
    }, EMPTY_STATE);
    return seen.join('\n');
  }

  const words: Readonly<Record<Fact['type'], RegExp | null>> = {
    snapshot: /snapshot 2 files/,
    queued: /queued on linux/,
    build_started: /linux\/5 started on w1/,
    step_started: /compile/,
    step_finished: /test failed/,
    step_failure: /NetTest\.Timeout {2}NEW {2}net_test\.cc:88/,
    log_excerpt: /expected 3, got 2/,
    build_finished: /linux\/5 failed in 30s/,
    link_lost: /connection lost/,
    link_restored: /connected again/,
    finished: /try #7 failed/,
    no_contact: null,
    worker_away: null,
    request_shelved: null,
    request_cancelled: null,
    kept: null,
    stopping: null,
    detached: null,
    note: null,
  };

  it.each(facts.map((fact) => fact.type))('tell %s', (type) => {
    const word = words[type] as RegExp;
    expect(seenOnScreen()).toMatch(word);
    expect(facts.flatMap(plainLines).join('\n')).toMatch(word);
    expect(facts.map((fact) => JSON.parse(eventLine(fact)).event)).toContain(type);
  });

  it.each([
    { type: 'kept', reason: 'no master runs', at: T0 },
    { type: 'stopping', reason: 'Ctrl-C', at: T0 },
    { type: 'detached', attach: 'buildbot watch 7', canStop: false, at: T0 },
    { type: 'note', text: 'by the way', at: T0 },
  ] as const)('tell what only this client knows: $type', (fact) => {
    const [told] = factsOf(reduce(EMPTY_STATE, { type: 'local', fact }));
    const word = 'reason' in fact ? fact.reason : 'text' in fact ? fact.text : fact.attach;
    expect(plainLines(told as Fact).join('\n')).toContain(word);
    expect(eventLine(told as Fact)).toContain(word);
    expect(
      factLines(told as Fact)
        .map(textOf)
        .join('\n'),
    ).toContain(word);
  });

  it('tell what is shelved, with the commands of whoever decides', () => {
    const words = ['--api', 'http://ci:8010'];
    const connected = reduce(EMPTY_STATE, { type: 'connection', words, isLocal: false });
    const shelf = { at: T0 / 1000 + 2, reason: 'worker w1 was lost' };
    const shelved = request({
      state: 'shelved',
      shelved: shelf,
      failures: 3,
      attempts: 3,
      waiting_reason: 'shelved: worker w1 was lost',
    });
    const lost = build({
      complete: true,
      results: 5,
      infrastructure: true,
      complete_at_ms: T0 + 2000,
      state_string: 'worker w1 was lost (failure 1 of 3, tried again after 30s)',
    });
    const state = reduce(connected, {
      type: 'summary',
      summary: summary({ buildrequests: [shelved], builds: [lost] }),
    });
    const told = factsOf(state);
    expect(told.flatMap(plainLines).slice(-4)).toEqual([
      '↻ linux/5 lost after 2s: worker w1 was lost (failure 1 of 3, tried again after 30s)',
      '‼ linux is shelved, a person has to decide: worker w1 was lost',
      '    $ buildbot unshelve 11 --api http://ci:8010',
      '    $ buildbot cancel 11 --api http://ci:8010',
    ]);
    const onScreen = told.flatMap(factLines).map(textOf).join('\n');
    expect(onScreen).toContain('shelved, a person has to decide');
    expect(JSON.parse(eventLine(told.at(-1) as Fact))).toMatchObject({
      event: 'request_shelved',
      requestId: 11,
      failures: 3,
      reason: 'worker w1 was lost',
    });
    const view = tryView(state, T0);
    expect(view).toMatchObject({ isOver: true, complete: false, results: 4, counts: { failed: 1 } });
    expect(finalObject(view, told, 4)).toMatchObject({
      complete: false,
      result: 'exception',
      builds: [{ state: 'shelved', result: 'exception' }],
    });
    expect(tryLines(view, NO_KEYS, { columns: 80, rows: 20 }, T0).map(textOf).join('\n')).toContain(
      '‼ linux  shelved: worker w1 was lost',
    );
  });

  it('tell how long there has been no contact, on the screen as a count that goes on', () => {
    const told = ['link_lost', 'no_contact'].map((type, index) => ({
      type: 'local' as const,
      fact: {
        type,
        reason: 'ECONNREFUSED',
        retryInMs: 250,
        durationMs: 125_400,
        at: T0 + index,
      } as LocalFact,
    }));
    const state = told.reduce(reduce, reduce(EMPTY_STATE, { type: 'summary', summary: summary() }));
    const [line = ''] = plainLines(factsOf(state).find(({ type }) => type === 'no_contact') as Fact);
    expect(line).toBe('… no contact for 2m05s (ECONNREFUSED), trying again');
    const header = (now: number) =>
      textOf(tryLines(tryView(state, now), NO_KEYS, { columns: 80, rows: 24 }, now)[0] ?? []);
    expect(header(T0 + 3000)).toContain('connection lost, reconnecting; the builds go on at the server');
    expect(header(T0 + 125_400)).toContain('no contact for 2m05s, reconnecting');
    expect(factsOf(state).flatMap(factLines).map(textOf).join()).not.toContain('no contact');
  });

  it('tell a fact once, however often the state is looked at', () => {
    const toldOnce = new ToldOnce();
    const keys: string[] = [];
    STORY.reduce((state, message) => {
      const next = reduce(state, message);
      keys.push(...toldOnce.take(factsOf(next)).map(({ key }) => key));
      return next;
    }, EMPTY_STATE);
    expect(keys.length).toBe(new Set(keys).size);
    expect(new Set(keys)).toEqual(new Set(facts.map(({ key }) => key)));
  });
});
