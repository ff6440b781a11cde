/**
 * Requests and events as they were recorded from real masters and the real web UI (`spec/rest-api-v2.md`, sections 4 to 7,
 * `spec/web-ui-demands.md`), made anew here. What is recorded must be there; our own fields may stand beside it.
 */
import type { StoredEvent } from '@buildbot/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseWsCommand } from './events/ws-commands.ts';
import { createWorld, type World } from './testing/world.ts';

/** As recorded; ids are those of this world, and times are only numbers. */
const RECORDED_EVENTS: Record<string, object> = {
  'builds/1/new': {
    ...{ buildid: 1, number: 1, builderid: 1, buildrequestid: 1, workerid: 1, masterid: 1 },
    ...{ started_at: 1795214639, complete_at: null, locks_duration_s: 0, complete: false },
    ...{ state_string: 'starting', results: null, properties: {} },
  },
  'logs/1/append': {
    ...{ logid: 1, name: 'stdio', slug: 'stdio', stepid: 1, complete: false, num_lines: 5, type: 's' },
  },
  'workers/1/state_updated': {
    ...{ workerid: 1, name: 'w1', workerinfo: {}, paused: false, pause_reason: null, graceful: false },
    ...{ connected_to: [], configured_on: [{ masterid: 1, builderid: 1 }] },
  },
};

/** Every key of one build's life, under all of its names. */
const KEYS = [
  ...['new', 'finished'].flatMap((event) => [
    `builds/1/${event}`,
    `builders/1/builds/1/${event}`,
    `workers/1/builds/1/${event}`,
  ]),
  ...['new', 'claimed', 'complete'].flatMap((event) => [
    `buildrequests/1/${event}`,
    `builders/1/buildrequests/1/${event}`,
    `buildsets/1/builders/1/buildrequests/1/${event}`,
  ]),
  ...['buildsets/1/new', 'buildsets/1/complete'],
  ...['new', 'started', 'finished'].flatMap((event) => [`steps/1/${event}`, `builds/1/steps/1/${event}`]),
  ...['new', 'append', 'finished'].flatMap((event) => [`logs/1/${event}`, `steps/1/logs/stdio/${event}`]),
  ...['schedulers/2/updated', 'workers/1/state_updated'],
];

/** Paths that the web UI subscribes to and waits for the answer, though nothing is ever told under some of them. */
const SUBSCRIBED = [
  ...['builds/*/*', 'builders/*/*', 'masters/*/*', 'workers/*/*', 'buildrequests/*/*', 'buildsets/*/*'],
  ...['builders/1/*', 'builders/linux/*', 'builders/1/forceschedulers/*/*', 'builders/1/workers/*/*'],
  ...['buildrequests/1/*', 'buildrequests/1/properties/*', 'buildsets/1/*', 'buildsets/1/properties/*'],
  ...['builds/1/properties/*', 'builds/1/steps/*/*', 'steps/1/logs/*/*', 'builds/1/changes/*/*'],
  ...['changes/*/*', 'changes/1/*', 'changes/1/builds/*/*', 'workers/1/*', 'workers/1/builders/*/*'],
  ...['schedulers/*/*', 'projects/*/*'],
];

let world: World;
const told = new Map<string, unknown>();

beforeAll(async () => {
  world = await createWorld();
  const note = ({ paths, body }: Pick<StoredEvent, 'paths' | 'body'>) => {
    for (const path of paths) told.set(path, body);
  };
  const { body } = await world.get('/api/v2/events?path=logs/*/*');
  const stream = (body as ReadableStream<Uint8Array>).getReader();
  // The first frame says that it listens.
  await stream.read();
  const stop = world.store.onCommit((events) => events.forEach(note));
  const running = await world.build();
  await world.output(running, 'one\ntwo\n');
  await untilAppended(stream);
  await stream.cancel();
  await world.finish(running);
  await world.store.setSchedulerEnabled(2, false);
  await world.store.setWorkerState(1, { paused: true });
  await world.store.setWorkerState(1, { paused: false });
  stop();
});
afterAll(() => world.close());

/** Growth of logs is told, not kept: it is heard on a stream. */
async function untilAppended(stream: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for (let chunk = await stream.read(); !chunk.done; chunk = await stream.read()) {
    text += decoder.decode(chunk.value, { stream: true });
    for (const [, line = ''] of text.matchAll(/^data: (.*)\n\n/gm)) {
      const { k, m } = JSON.parse(line) as { k?: string; m?: unknown };
      if (!k?.endsWith('/append')) continue;
      const { logid, stepid, slug } = m as { logid: number; stepid: number; slug: string };
      told.set(`logs/${logid}/append`, m);
      told.set(`steps/${stepid}/logs/${slug}/append`, m);
      return;
    }
  }
}

/** The shape of a value: names of fields, kinds of scalars; an empty object or list says nothing of what is in it. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value))
    return value.length === 0 ? expect.any(Array) : expect.arrayContaining([shapeOf(value[0])]);
  if (value === null || typeof value !== 'object')
    return value === null ? null : expect.any(Object(value).constructor);
  const fields = Object.entries(value).map(([name, field]) => [name, shapeOf(field)]);
  return expect.objectContaining(Object.fromEntries(fields));
}

describe('events', () => {
  it.each(KEYS)('a build, its scheduler and worker tell %s', (key) => {
    expect([...told.keys()]).toContain(key);
  });

  it.each(Object.entries(RECORDED_EVENTS))('%s holds what was recorded', (key, recorded) => {
    expect(told.get(key)).toEqual(shapeOf(recorded));
  });

  it('carry the whole object: that of the last event is what a GET answers', async () => {
    for (const [key, path, plural] of [
      ['builds/1/finished', '/builds/1', 'builds'],
      ['steps/1/finished', '/steps/1', 'steps'],
      ['buildsets/1/complete', '/buildsets/1', 'buildsets'],
      ['logs/1/finished', '/logs/1', 'logs'],
      ['schedulers/2/updated', '/schedulers/2', 'schedulers'],
    ] as const)
      expect([key, (await world.json(path))[plural]?.[0]]).toEqual([key, told.get(key)]);
  });
});

describe('websocket commands of the web UI are understood', () => {
  it.each(SUBSCRIBED)('%s', (path) => {
    for (const cmd of ['startConsuming', 'stopConsuming'])
      expect(parseWsCommand(JSON.stringify({ cmd, path, _id: 7 }))).toMatchObject({ cmd, path, id: 7 });
  });
});

describe('answers', () => {
  it.each([
    [
      '/builds/1',
      {
        builds: [
          {
            ...{ builderid: 1, buildid: 1, buildrequestid: 1, complete: true, complete_at: 1795214641 },
            ...{ locks_duration_s: 0, masterid: 1, number: 1, properties: {}, results: 0, workerid: 1 },
            ...{ started_at: 1795214639, state_string: 'build successful' },
          },
        ],
        meta: {},
      },
    ],
    ['/builds/1/properties', { meta: {}, properties: [{ answer: [42, 'Test'] }] }],
    [
      '/logs/1',
      {
        logs: [
          { complete: true, logid: 1, name: 'stdio', num_lines: 2, slug: 'stdio', stepid: 1, type: 's' },
        ],
        meta: {},
      },
    ],
    [
      '/logs/1/contents?offset=1&limit=2',
      { logchunks: [{ logid: 1, firstline: 1, content: 'otwo\n' }], meta: {} },
    ],
  ])('GET %s holds what was recorded', async (path, recorded) => {
    expect(await world.json(path)).toEqual(shapeOf(recorded));
  });

  it('the calls of the web UI are taken as it sends them', async () => {
    const form = {
      username: '',
      reason: 'force build',
      priority: 0,
      branch: '',
      project: '',
      repository: '',
    };
    const forced = await world.rpc('/forceschedulers/force', 'force', {
      builderid: '1',
      ...form,
      revision: '',
    });
    expect(Object.values((forced.body.result as [number, object])[1])).toEqual([expect.any(Number)]);
    for (const [path, method, params] of [
      ['/builds/1', 'stop', {}],
      ['/builds/1', 'rebuild', {}],
      ['/buildrequests/1', 'cancel', {}],
      ['/schedulers/2', 'enable', { enabled: true }],
      ...['pause', 'unpause', 'stop', 'kill'].map((verb) => ['/workers/1', verb, { reason: 'why' }] as const),
    ] as const)
      expect([method, (await world.rpc(path, method, params)).status]).toEqual([method, 200]);
  });
});
