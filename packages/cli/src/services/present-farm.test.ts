/** The farm in its faces without a screen: what is told first, what is told as news, and how it ends. */
import type { StatusResource } from '@buildbot/shared';
import { expect, it } from 'vitest';
import { build, builder, T0 } from '../view/testing/resources.ts';
import { CurrentClient } from './current-client.ts';
import type { FaceName } from './face.ts';
import { exitCodeOfFarm, presentFarm } from './present-farm.ts';
import type { LinkEnd } from './stay-linked.ts';
import { testRuntime } from './testing/test-runtime.ts';
import { ViewStore } from './view-store.ts';

const STATUS: StatusResource = {
  event_number: 10,
  title: 'Farm',
  master: null,
  builders: [builder()],
  workers: [],
  builds: [build()],
  steps: [],
  last_builds: [],
  buildrequests: [],
  pending: 0,
  shelved: [],
};

/** Shows a farm whose build 100 runs, then passes; then it ends. Gives the lines. */
async function shown(face: FaceName, knows = true, isAccessible = false): Promise<string[]> {
  const { runtime: plain, stdout } = testRuntime('/nowhere');
  const runtime = { ...plain, environment: { ...plain.environment, isAccessible } };
  const store = new ViewStore();
  const ended = new AbortController();
  const over = Promise.withResolvers<LinkEnd>();
  ended.signal.addEventListener('abort', () => over.resolve('done'));
  const presenting = presentFarm(
    {
      store,
      face,
      following: over.promise,
      ended,
      isFull: false,
      waits: false,
      current: new CurrentClient(),
      onAway: () => {},
    },
    runtime,
  );
  if (knows) store.dispatch({ type: 'status', status: STATUS });
  const m = build({ complete: true, results: 0, complete_at_ms: T0 + 1000 });
  if (knows) store.dispatch({ type: 'event', event: { n: 11, k: 'builds/100/finished', m } });
  ended.abort();
  await presenting;
  return stdout().trimEnd().split('\n');
}

it('is a table, then a line for each thing that happens', async () => {
  const lines = await shown('plain');
  expect(lines[0]).toContain('Farm');
  expect(lines[1]).toMatch(/▶ linux +#5/);
  expect(lines.at(-1)).toMatch(/✔ linux\/5 passed/);
});

it('is an event for what runs and for what happens, and one at the end', async () => {
  const events = (await shown('events')).map((line) => JSON.parse(line));
  expect(events.map(({ event }) => event)).toEqual(['build_started', 'build_finished', 'finished']);
  expect(events.at(-1)).toMatchObject({ exitCode: 0 });
});

it('is one object of how things stand', async () => {
  expect(JSON.parse((await shown('json')).join('\n'))).toMatchObject({
    schema: 'buildbot.watch/1',
    running: 0,
    rows: [{ builder: 'linux', last: { number: 5, results: 0 } }],
  });
});

it('is nothing as long as nothing is known', async () => {
  expect(await shown('json', false)).toEqual(['']);
  expect(await shown('plain', false)).toEqual(['']);
});

it('ends with 124 when its time is over, else with 0', () => {
  const ended = new AbortController();
  expect(exitCodeOfFarm(ended.signal)).toBe(0);
  ended.abort('timeout');
  expect(exitCodeOfFarm(ended.signal)).toBe(124);
});

it('says everything in words where somebody hears it', async () => {
  const lines = await shown('plain', true, true);
  expect(lines[0]).toBe('Farm: 1 running, 0 waiting.');
  expect(lines[1]).toMatch(
    /^Builder linux: build 5 running for .*, between steps, on worker 1, no estimate yet/,
  );
  expect(lines.at(-1)).toMatch(/^linux\/5 passed/);
  expect(lines.join('\n')).not.toMatch(/[^\x20-\x7e\n–…]|^\W/m);
});
