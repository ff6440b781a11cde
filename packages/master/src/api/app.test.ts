import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ALICE, ANYBODY, createWorld, type Running, type World } from './testing/world.ts';

let world: World;
let running: Running;
beforeEach(async () => {
  world = await createWorld();
  running = await world.build();
});
afterEach(() => world.close());

const errorOf = async (path: string) => {
  const response = await world.get(path);
  const { error } = (await response.json()) as { error: string };
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  return `${response.status} ${error}`;
};

describe('answers', () => {
  it('holds an array under the plural, keys sorted, for one object as for many', async () => {
    const response = await world.get('/api/v2/builders/1', {
      headers: { Accept: 'text/html, application/json;q=0.1' },
    });
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const text = await response.text();
    expect(response.headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
    expect(text).toBe(
      '{"builders":[{"builderid":1,"description":"On Linux","description_format":null,"description_html":null,' +
        '"masterids":[1],"name":"linux","projectid":null,"tags":["fast"]}],"meta":{}}',
    );
  });

  it('is indented text for those who do not ask for JSON', async () => {
    const response = await world.get('/api/v2/masters?field=masterid');
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await response.text()).toBe(
      '{\n  "masters": [\n    {\n      "masterid": 1\n    }\n  ],\n  "meta": {\n    "total": 1\n  }\n}',
    );
  });

  it('has a head without its body', async () => {
    const response = await world.get('/api/v2/builders', { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0);
    expect(await response.text()).toBe('');
  });

  it('is never to be guessed at by a browser', async () => {
    for (const path of ['/api/v2/builders', '/api/v2/nope', '/healthz', '/api/v2/logs/1/raw']) {
      expect((await world.get(path)).headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  it('counts truly, before paging', async () => {
    await world.build();
    await world.build();
    const { builds, meta } = await world.json('/builds?limit=1&offset=1&order=buildid&field=buildid');
    expect(builds).toEqual([{ buildid: 2 }]);
    expect(meta.total).toBe(3);
  });

  it('fills in properties that are asked for', async () => {
    const { builds } = await world.json('/builds?property=answer');
    expect(builds?.[0]?.properties).toEqual({ answer: [42, 'Test'] });
    expect((await world.json('/builds/1')).builds?.[0]?.properties).toEqual({});
    const { buildrequests } = await world.json('/buildrequests/1?property=*');
    expect(buildrequests?.[0]?.properties).toEqual({ answer: [42, 'Test'] });
  });

  it('says why a request waits', async () => {
    await world.store.addBuildSet({
      externalId: null,
      reason: '',
      submitter: null,
      scheduler: 'force',
      sourceStamps: [],
      properties: {},
      builderIds: [1],
      priority: 0,
      rebuiltBuildId: null,
    });
    const { buildrequests } = await world.json('/buildrequests?order=buildrequestid');
    expect(buildrequests?.map((row) => row.waiting_reason)).toEqual([null, 'request 2 waits']);
  });
});

describe('errors', () => {
  it.each([
    ['/api/v2/nope', '404 Invalid path: nope'],
    ['/api/v2/', '404 Invalid path: '],
    ['/api/v2/builders/', '404 Invalid path: builders/'],
    [
      '/api/v2/builds/9999',
      '404 not found while getting from endpoint for /builds/{buildid} with arguments {"buildid":"9999"}',
    ],
    ['/api/v2/builders?foo=1', "400 unrecognized query parameter 'foo'"],
    ['/api/v2/builders?limit=x', '400 invalid limit'],
    ['/api/v2/builders/1?name=linux', '400 this is not a collection'],
    ['/api/v2/buildrequests?waiting_reason=x', "400 cannot filter or order on 'waiting_reason'"],
    ['/api/v2/status?x=1', "400 unrecognized query parameter 'x'"],
  ])('answers %s with %s', async (path, expected) => {
    expect(await errorOf(path)).toBe(expected);
  });

  it.each(['0', '-1', '1.5', '1e3', '9007199254740993', '%00', '..%2f1', '1;x', '%', '１'])(
    'finds no build called %s',
    async (id) => {
      expect((await world.get(`/api/v2/builds/${id}`)).status).toBe(404);
    },
  );

  it('knows GET, HEAD, POST and OPTIONS only', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      const response = await world.get('/api/v2/builders', { method });
      expect([response.status, await response.json()]).toEqual([400, { error: 'invalid HTTP method' }]);
    }
  });

  it('tells nobody how it failed inside', async () => {
    world.store.eventRange = async () => Promise.reject(new Error('secret path /var/lib'));
    const response = await world.get('/healthz');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
  });
});

describe('paths', () => {
  it('finds the same build, step and log by id, number and name', async () => {
    const { buildid } = (await world.json('/builds/1')).builds?.[0] ?? {};
    expect((await world.json('/builders/linux/builds/1')).builds?.[0]?.buildid).toBe(buildid);
    expect((await world.json('/builders/1/builds/1')).builds?.[0]?.buildid).toBe(buildid);
    const paths = [
      '/steps/1/logs/stdio',
      '/builds/1/steps/0/logs/stdio',
      '/builders/linux/builds/1/steps/make%20test/logs/stdio',
    ];
    for (const path of paths) expect((await world.json(path)).logs?.[0]?.logid).toBe(running.log.logId);
  });

  it('takes a builder by a name with a space', async () => {
    expect((await world.json('/builders/win%20dows')).builders?.[0]?.builderid).toBe(2);
  });

  it('keeps children apart by their parent', async () => {
    await world.build({ builder: 1 });
    expect((await world.json('/builders/2/builds')).builds?.map((row) => row.buildid)).toEqual([2]);
    expect((await world.get('/api/v2/builders/2/builds/2')).status).toBe(404);
    expect((await world.json('/builds/2/steps')).steps?.map((row) => row.stepid)).toEqual([2]);
    expect((await world.json('/builders/linux/workers')).workers?.map((row) => row.name)).toEqual(['w1']);
    expect((await world.json('/builders/2/workers')).workers).toEqual([]);
    expect((await world.json('/workers/w1/builders')).builders?.map((row) => row.name)).toEqual(['linux']);
    expect((await world.json('/builders/1/forceschedulers')).forceschedulers).toHaveLength(1);
    expect((await world.json('/builders/2/forceschedulers')).forceschedulers).toEqual([]);
  });

  it('goes from a change to its builds and back', async () => {
    const change = await world.store.addChange({
      author: 'alice',
      committer: null,
      branch: 'main',
      revision: null,
      category: null,
      codebase: '',
      project: '',
      repository: '/srv/p.git',
      comments: 'a change',
      files: ['a.c'],
      revlink: null,
      properties: { p: [1, 'Change'] },
      at: 0,
    });
    expect(
      (await world.json(`/changes/${change.changeId}/builds`)).builds?.map((row) => row.buildid),
    ).toEqual([1]);
    expect((await world.json('/builds/1/changes')).changes?.map((row) => row.changeid)).toEqual([
      change.changeId,
    ]);
    expect((await world.json(`/changes/${change.changeId}/properties_list`))._properties).toEqual([
      { name: 'p', source: 'Change', value: '1' },
    ]);
  });

  it('shows properties as a map and as a list, of builds, requests and build sets', async () => {
    for (const path of [
      '/builds/1/properties',
      '/builders/linux/builds/1/properties',
      '/buildsets/1/properties',
      '/buildrequests/1/properties',
    ]) {
      expect((await world.json(path)).properties).toEqual([
        expect.objectContaining({ answer: [42, 'Test'] }),
      ]);
    }
    expect((await world.json('/builds/1/property_list'))._properties).toContainEqual({
      name: 'answer',
      source: 'Test',
      value: '42',
    });
  });

  it('answers below /api/latest too, and says where it lives', async () => {
    expect((await world.get('/api/latest/builders/1')).status).toBe(200);
    expect(await (await world.get('/api')).json()).toEqual({
      api_versions: { v2: 'http://localhost/api/v2' },
    });
    expect((await world.json('')).rootlinks).toContainEqual({ name: 'buildrequests' });
    const { specs } = await world.json('/application.spec');
    expect(specs?.find((spec) => spec.path === 'builds')).toMatchObject({ type: 'build', plural: 'builds' });
  });
});

describe('summaries', () => {
  it('has everything about a build set, and the event to follow from', async () => {
    const { summaries } = await world.json(`/buildsets/${running.buildSet.buildSetId}/summary`);
    expect(summaries?.[0]).toMatchObject({
      event_number: (await world.store.eventRange()).newest,
      buildset: { bsid: 1 },
      buildrequests: [{ buildrequestid: 1 }],
      builders: [{ name: 'linux' }],
      builds: [{ buildid: 1 }],
      steps: [{ name: 'make test' }],
      logs: [{ slug: 'stdio' }],
      estimates: [{ builderid: 1, samples: 0 }],
    });
    expect((await world.get('/api/v2/buildsets/99/summary')).status).toBe(404);
  });

  it('has what goes on now, and the last build of each builder', async () => {
    await world.finish(running);
    const second = await world.build();
    const { statuses } = await world.json('/status');
    expect(statuses?.[0]).toMatchObject({
      title: 'Test',
      master: { masterid: 1 },
      builders: [{ name: 'linux' }, { name: 'win dows' }],
      workers: [{ name: 'w1', running_builds: 1 }],
      builds: [{ buildid: second.build.buildId }],
      steps: [{ stepid: second.step.stepId }],
      last_builds: [{ buildid: 1, results: 0 }],
      buildrequests: [],
      pending: 0,
    });
  });

  it('gives the estimate of a builder by id and by name', async () => {
    for (const builder of ['1', 'linux']) {
      expect((await world.json(`/builders/${builder}/estimate`)).estimates).toEqual([
        { builderid: 1, samples: 0, total: null, steps: [] },
      ]);
    }
  });
});

describe('web pages', () => {
  const origin = (value: string, host = 'localhost') => ({ headers: { Origin: value, Host: host } });

  it('may read when they are the own ones, and are told so', async () => {
    const response = await world.get('/api/v2/builders', origin('http://LOCALHOST'));
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost');
  });

  it('are refused from anywhere else', async () => {
    const response = await world.get('/api/v2/builders', origin('https://evil'));
    expect([response.status, await response.json()]).toEqual([400, { error: 'invalid origin' }]);
  });

  it('learn from a preflight what they may do', async () => {
    const response = await world.get('/api/v2/builders', {
      method: 'OPTIONS',
      ...origin('http://localhost'),
    });
    expect([response.status, response.headers.get('access-control-allow-headers')]).toEqual([
      204,
      'Authorization, Content-Type',
    ]);
  });

  it('cannot reach a TCP port under a name of their own', async () => {
    const foreign = { headers: { Host: 'evil.example:8010' } };
    expect((await world.get('/api/v2/builders', { ...foreign, caller: ANYBODY })).status).toBe(403);
    expect((await world.get('/api/v2/builders', { ...foreign, caller: ALICE })).status).toBe(200);
  });
});
