/** `docs/output.md` is what scripts are written from: every event and field that is told stands in it. */
import { readFile } from 'node:fs/promises';
import { FARM_SCHEMA, OUTPUT_SCHEMAS } from '@buildbot/shared';
import { expect, it } from 'vitest';
import { type Fact, factsOf } from '../facts.ts';
import type { FarmChange } from '../farm-news.ts';
import { reduce } from '../reduce.ts';
import { EMPTY_STATE } from '../state.ts';
import { estimate, T0 } from '../testing/resources.ts';
import { STORY } from '../testing/story.ts';
import { tryView } from '../try-view.ts';
import { watchView } from '../watch-view.ts';
import { estimateNews } from './estimate.ts';
import { eventObject } from './events.ts';
import { finalObject } from './json.ts';
import { logEventLine } from './log.ts';

const documented = await readFile(new URL('../../../../../docs/output.md', import.meta.url), 'utf8');
const names = new Set([...documented.matchAll(/`([A-Za-z]\w*)`/g)].map(([, name]) => name));

const states = STORY.map((_, index) =>
  STORY.slice(0, index + 1).reduce(
    reduce,
    reduce(EMPTY_STATE, { type: 'estimate', n: 0, estimate: estimate() }),
  ),
);
const last = states.at(-1) ?? EMPTY_STATE;

const undocumented = (object: object) => Object.keys(object).filter((name) => !names.has(name));

/** What its schema leaves of it: it must take it, and know all of its fields. */
function known(object: object): unknown {
  const { schema } = object as { schema: string };
  return OUTPUT_SCHEMAS.get(schema)?.parse(object);
}

/** Complete by its type: a new kind of event does not compile before it stands here. */
const EVENTS: Readonly<Record<Fact['type'] | FarmChange['type'] | 'estimate' | 'log', true>> = {
  snapshot: true,
  queued: true,
  kept: true,
  link_lost: true,
  no_contact: true,
  link_restored: true,
  stopping: true,
  detached: true,
  note: true,
  finished: true,
  build_started: true,
  worker_away: true,
  step_started: true,
  step_finished: true,
  step_failure: true,
  log_excerpt: true,
  build_finished: true,
  request_cancelled: true,
  estimate: true,
  log: true,
  worker_connected: true,
  worker_disconnected: true,
  request_waiting: true,
  request_shelved: true,
  worker_suspect: true,
  worker_trusted: true,
};

it('has every event', () => {
  expect(undocumented(EVENTS)).toEqual([]);
});

it('has every field of the events of a try', () => {
  const estimates = states.flatMap((state) => estimateNews(tryView(state, T0), T0) ?? []);
  expect(estimates.length).toBeGreaterThan(0);
  const told = [...factsOf(last), ...estimates].map(eventObject);
  expect(told.flatMap(undocumented).filter((name) => name !== 'schema' && name !== 'event')).toEqual([]);
  for (const event of told) expect(known(event)).toEqual(event);
});

it('has every field of a piece of a log', () => {
  const about = { buildId: 1, builder: 'linux', number: 1 };
  const piece = {
    build: about,
    step: 'test',
    log: 'stdio',
    logId: 1,
    offset: 0,
    bytes: new Uint8Array([255]),
  };
  const told = [piece, { ...piece, bytes: new Uint8Array() }].map((one) => JSON.parse(logEventLine(one, 0)));
  expect(told.flatMap(undocumented).filter((name) => name !== 'schema' && name !== 'event')).toEqual([]);
  for (const event of told) expect(known(event)).toEqual(event);
});

it('has every field of the object of a try', () => {
  const object = finalObject(tryView(last, T0), factsOf(last), 1);
  expect(
    [object, ...object.builds, ...object.builds.flatMap(({ steps }) => steps)].flatMap(undocumented),
  ).toEqual([]);
  expect(known(object)).toEqual(object);
});

it('has every field of the object of the farm', () => {
  const object = { schema: FARM_SCHEMA, ...watchView(last, T0) };
  expect(undocumented(object)).toEqual([]);
  expect(known(object)).toEqual(object);
});
