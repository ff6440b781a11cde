/** What clients of a real Buildbot rely on (`spec/rest-api-v2.md`, sections 1, 4, 5): every field under its own name. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorld, type World } from './testing/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
  const running = await world.build();
  await world.output(running, 'in dir /w/b1/build\n');
  await world.finish(running);
  await world.build();
});
afterAll(() => world.close());

/** Buildbot's fields per resource; ours come on top. */
const FIELDS: Record<string, string> = {
  builds:
    'buildid number builderid buildrequestid workerid masterid started_at complete complete_at locks_duration_s state_string results properties',
  builders: 'builderid name masterids description description_format description_html projectid tags',
  buildrequests:
    'buildrequestid buildsetid builderid priority claimed claimed_at claimed_by_masterid complete complete_at results submitted_at waited_for properties',
  buildsets:
    'bsid external_idstring reason submitted_at complete complete_at results sourcestamps parent_buildid parent_relationship rebuilt_buildid',
  sourcestamps: 'ssid branch revision repository project codebase created_at patch',
  workers: 'workerid name connected_to configured_on workerinfo paused graceful pause_reason',
  masters: 'masterid name active last_active',
  schedulers: 'schedulerid name enabled master',
  forceschedulers: 'name label button_name builder_names enabled all_fields',
};

describe('every resource has the fields of Buildbot', () => {
  it.each(Object.entries(FIELDS))('%s', async (plural, fields) => {
    const answer = await world.json(`/${plural}`);
    expect(answer.meta.total).toBe(answer[plural]?.length);
    expect(Object.keys(answer[plural]?.[0] ?? {})).toEqual(expect.arrayContaining(fields.split(' ')));
  });

  it('steps and logs', async () => {
    const [step] = (await world.json('/builds/1/steps')).steps ?? [];
    const stepFields =
      'stepid number name buildid started_at complete complete_at results state_string urls hidden locks_acquired_at';
    expect(Object.keys(step ?? {})).toEqual(expect.arrayContaining(stepFields.split(' ')));
    const [log] = (await world.json('/steps/1/logs')).logs ?? [];
    expect(log).toMatchObject({
      complete: true,
      logid: 1,
      name: 'stdio',
      num_lines: 1,
      slug: 'stdio',
      stepid: 1,
      type: 's',
    });
  });
});

describe('values are as Buildbot has them', () => {
  it('times are whole epoch seconds', async () => {
    const { builds } = await world.json('/builds/1');
    const started = builds?.[0]?.started_at as number;
    expect(Number.isInteger(started)).toBe(true);
    expect(started).toBeGreaterThan(1_600_000_000);
    expect(started).toBeLessThan(5_000_000_000);
  });

  it('a finished build has its result, a running one null', async () => {
    const { builds } = await world.json('/builds?order=buildid');
    expect(builds?.map(({ complete, results }) => [complete, results])).toEqual([
      [true, 0],
      [false, null],
    ]);
  });

  it('a request that is not complete has the result -1', async () => {
    const { buildrequests } = await world.json('/buildrequests?complete=false');
    expect(buildrequests).toMatchObject([
      { buildrequestid: 2, claimed: true, results: -1, properties: null },
    ]);
  });

  it('a worker that never came has no contact data, and says where it is configured', async () => {
    expect((await world.json('/workers/w1')).workers?.[0]).toMatchObject({
      workerinfo: { admin: null, host: null },
      configured_on: [{ masterid: 1, builderid: 1 }],
    });
  });

  it('a log chunk has its lines with the stream letter', async () => {
    expect(await world.json('/logs/1/contents')).toEqual({
      logchunks: [{ content: 'oin dir /w/b1/build\n', firstline: 0, logid: 1 }],
      meta: {},
    });
  });
});

describe('the queries of the web UI (spec/web-ui-demands.md) are understood', () => {
  it.each([
    'builds?order=-started_at&complete=false',
    'builds?order=-buildid&complete=true&limit=20',
    'builds?limit=200&order=-started_at&builderid__eq=1&builderid__eq=2&property=branch',
    'builds?builderid=1&property=owners&property=workername&property=owners&limit=200&order=-number',
    'builds?builderid=1&number__eq=0&number__eq=1&number__eq=2',
    'builds?builderid=1&workerid=1&number__lt=2&order=-number&limit=1&property=branch',
    'builds?buildrequestid__eq=1',
    'buildrequests?builderid=1&claimed=false',
    'buildrequests?limit=50&order=-priority&order=-submitted_at&claimed=false',
    'buildrequests?buildsetid=1&limit=1&order=-buildsetid',
    'buildsets?rebuilt_buildid=1&bsid__gt=1&limit=1&order=-bsid',
    'builders/1/forceschedulers?order=name',
    'builders/1/workers?order=name',
    'workers/1/builders?order=name',
    'builds/1/steps?number__eq=0',
    'steps/1/logs?slug__eq=stdio',
    'builds/1/changes?field=author',
    'builders?builderid__eq=1&builderid__eq=2',
    'changes?limit=50&order=-changeid',
    'schedulers?order=name',
  ])('%s', async (query) => {
    const response = await world.get(`/api/v2/${query}`, {
      headers: { Accept: 'application/json, text/plain, */*' },
    });
    expect([response.status, await response.json()]).toEqual([
      200,
      expect.objectContaining({ meta: expect.anything() }),
    ]);
  });

  it('finds the neighbours of a build', async () => {
    const { builds } = await world.json(
      '/builds?builderid=1&number__eq=0&number__eq=1&number__eq=2&order=number',
    );
    expect(builds?.map((row) => row.number)).toEqual([1, 2]);
  });
});
