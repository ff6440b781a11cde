import { UserError } from '@buildbot/shared';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ALICE, ANYBODY, BOB, createWorld, type World } from '../testing/world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
  await world.build();
});
afterEach(() => world.close());

describe('control calls', () => {
  it.each([
    ['/builds/1', 'stop', { reason: 'wrong branch' }, ['stopBuild', 1, 'administrator', 'wrong branch']],
    ['/builders/linux/builds/1', 'stop', {}, ['stopBuild', 1, 'administrator', 'no reason given']],
    ['/buildrequests/1', 'cancel', { reason: 'x' }, ['cancelRequest', 1, 'administrator', 'x']],
    ['/buildrequests/1', 'unshelve', {}, ['unshelve', 1]],
    ['/workers/w1', 'trust', {}, ['controlWorker', 1, 'trust', 'no reason given']],
    ['/buildrequests/1', 'set_priority', { priority: 5 }, ['setPriority', 1, 5]],
    ['/masters/1', 'stop', { graceful: true }, ['stopMaster', { graceful: true }]],
    ['/schedulers/2', 'enable', { enabled: false }, ['setSchedulerEnabled', 2, false]],
    ['/workers/w1', 'pause', { reason: 'disk' }, ['controlWorker', 1, 'pause', 'disk']],
    ['/workers/1', 'unpause', {}, ['controlWorker', 1, 'unpause', 'no reason given']],
    [
      '/workers/w1',
      'set_availability',
      { availability: 'reluctant', reason: 'disk', duration_s: 90.5 },
      [
        'setWorkerAvailability',
        1,
        { availability: 'reluctant', reason: 'disk', forMs: 90_500 },
        'administrator',
      ],
    ],
    [
      '/workers/1',
      'set_availability',
      { availability: 'eager' },
      ['setWorkerAvailability', 1, { availability: 'eager', reason: null, forMs: null }, 'administrator'],
    ],
    ['/builders/1/workers/w1', 'stop', {}, ['controlWorker', 1, 'stop', 'no reason given']],
    ['/masters/1/workers/1', 'kill', {}, ['controlWorker', 1, 'kill', 'no reason given']],
  ])('POST %s %s %j', async (path, method, params, call) => {
    expect(await world.rpc(path, method, params)).toEqual({
      status: 200,
      body: { jsonrpc: '2.0', id: 1, result: null },
    });
    expect(world.calls).toEqual([call]);
  });

  it('takes a changed configuration over and says what has changed', async () => {
    const { body } = await world.rpc('/masters/1', 'reconfig');
    expect(body.result).toEqual({ changes: 'builders +mac', needs_restart: ['listen.api'] });
    expect(world.calls).toEqual([['reconfigure']]);
  });

  it('says why a configuration was not taken over', async () => {
    world.control.reconfigure = async () => ({ refused: 'master.yaml:3:1: unknown key' });
    expect(await world.rpc('/masters/1', 'reconfig')).toMatchObject({
      status: 409,
      body: { error: { message: 'master.yaml:3:1: unknown key' } },
    });
  });

  it('rebuilds a build and says what was made', async () => {
    const { body } = await world.rpc('/builds/1', 'rebuild');
    expect(body.result).toEqual([2, { '1': 2 }]);
    expect(world.calls).toEqual([['rebuild', 1, 'administrator']]);
  });

  it('row 34: makes one build set of a call that is repeated with its key', async () => {
    const again = { idempotency_key: '7f0e' };
    const first = await world.rpc('/builds/1', 'rebuild', again);
    expect(first.body.result).toEqual([2, { '1': 2 }]);
    expect(await world.rpc('/builds/1', 'rebuild', again)).toEqual(first);
    expect(await world.rpc('/builders/linux/builds/1', 'rebuild', again)).toEqual(first);
    await world.build({ submitter: 'bob' });
    expect(await world.rpc('/builds/2', 'rebuild', again)).toMatchObject({
      status: 409,
      body: { error: { code: -32600 } },
    });
  });

  it('hands the key of a force on, and takes it for no property', async () => {
    const keys: unknown[] = [];
    world.control.force = async (_scheduler, input, _by, once) => {
      keys.push(once?.key, input.properties);
      return { buildSetId: 7, requests: [] };
    };
    await world.rpc('/forceschedulers/force', 'force', { idempotency_key: '7f0e', answer: 42 });
    expect(keys).toEqual(['7f0e', { answer: 42 }]);
  });

  it('forces builders by id, by name, and all of them', async () => {
    await world.rpc('/forceschedulers/force', 'force', { builderid: '1', reason: 'now', answer: 42 });
    await world.rpc('/forceschedulers/force', 'force', { builderNames: ['win dows'] });
    const { body } = await world.rpc('/forceschedulers/force', 'force', {});
    expect(body.result).toEqual([7, { '1': 9 }]);
    expect(world.calls.map((call) => (call[2] as { builderIds: number[] }).builderIds)).toEqual([
      [1],
      [2],
      [],
    ]);
    expect(world.calls[0]?.[2]).toMatchObject({ reason: 'now', properties: { answer: 42 } });
  });

  it('orders nothing and says null when there is nothing to stop', async () => {
    for (const path of ['/builds/99', '/buildrequests/99', '/builders/9/builds/9']) {
      const method = path.includes('requests') ? 'cancel' : 'stop';
      expect(await world.rpc(path, method)).toMatchObject({ status: 200, body: { result: null } });
    }
    expect(world.calls).toEqual([]);
  });
});

describe('errors of control calls', () => {
  it.each([
    ['/builds/1', 'bogus', {}, 501, -32601, 'action: bogus is not supported'],
    ['/builds/1', 'constructor', {}, 501, -32601, 'action: constructor is not supported'],
    ['/builds', 'stop', {}, 501, -32601, 'action: stop is not supported'],
    ['/logs/1', 'stop', {}, 501, -32601, 'action: stop is not supported'],
    ['/nope', 'stop', {}, 404, -32600, 'Invalid path: nope'],
    ['/builds/1/actions/stop', 'stop', {}, 404, -32600, 'Invalid path: builds/1/actions/stop'],
    [
      '/buildrequests/1',
      'set_priority',
      { priority: 'x' },
      400,
      -32602,
      { priority: expect.stringContaining('priority: ') },
    ],
    [
      '/workers/1',
      'set_availability',
      { availability: 'busy' },
      400,
      -32602,
      { availability: expect.stringContaining('availability: ') },
    ],
    [
      '/workers/1',
      'set_availability',
      { availability: 'eager', duration_s: -1 },
      400,
      -32602,
      { duration_s: expect.stringContaining('duration_s: ') },
    ],
    [
      '/builds/1',
      'rebuild',
      { idempotency_key: 'two words' },
      400,
      -32602,
      { idempotency_key: expect.stringContaining('visible ASCII') },
    ],
    ['/schedulers/1', 'enable', {}, 400, -32602, { enabled: expect.stringContaining('enabled: ') }],
    ['/builds/1', 'stop', { reason: 5 }, 400, -32602, { reason: expect.stringContaining('reason: ') }],
    [
      '/forceschedulers/force',
      'force',
      { builderNames: ['x'] },
      400,
      -32602,
      { builderNames: "builderNames: there is no builder 'x'" },
    ],
    [
      '/forceschedulers/force',
      'force',
      { revision: 'refuse me' },
      400,
      -32602,
      'this revision cannot be built',
    ],
    ['/schedulers/99', 'enable', { enabled: true }, 404, -32600, expect.stringContaining('not found')],
  ])('POST %s %s %j is %i %i', async (path, method, params, status, code, message) => {
    expect(await world.rpc(path, method, params)).toMatchObject({
      status,
      body: { error: { code, message } },
    });
    expect(world.calls.every(([verb]) => verb === 'force')).toBe(true);
  });

  it('says what it cannot do any more, which is no fault of the master', async () => {
    world.control.setPriority = async () => {
      throw new UserError('build request 1 is not waiting any more');
    };
    expect(await world.rpc('/buildrequests/1', 'set_priority', { priority: 5 })).toMatchObject({
      status: 400,
      body: { error: { code: -32602, message: 'build request 1 is not waiting any more' } },
    });
  });

  it('leaves the id out when the request could not be read', async () => {
    const response = await world.get('/api/v2/builds/1', {
      method: 'POST',
      body: '{',
      headers: { 'Content-Type': 'application/json' },
    });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({ error: { code: -32700 } });
    expect(response.status).toBe(400);
  });

  it('refuses a body beyond 1 MiB, said in advance or found out', async () => {
    const body = 'x'.repeat(1024 * 1024 + 1);
    const headers = { 'Content-Type': 'application/json' };
    expect((await world.get('/api/v2/builds/1', { method: 'POST', body, headers })).status).toBe(413);
    const said = await world.get('/api/v2/builds/1', {
      method: 'POST',
      body: '{}',
      headers: { ...headers, 'Content-Length': '9999999' },
    });
    expect(said.status).toBe(413);
  });
});

describe('who may', () => {
  const MUTATIONS: [path: string, method: string, params: object][] = [
    ['/builds/1', 'stop', {}],
    ['/builds/1', 'rebuild', {}],
    ['/buildrequests/1', 'cancel', {}],
    ['/buildrequests/1', 'unshelve', {}],
    ['/buildrequests/1', 'set_priority', { priority: 1 }],
    ['/forceschedulers/force', 'force', {}],
    ['/schedulers/1', 'enable', { enabled: false }],
    ['/workers/1', 'pause', {}],
    ['/workers/1', 'unpause', {}],
    ['/workers/1', 'stop', {}],
    ['/workers/1', 'kill', {}],
    ['/workers/1', 'trust', {}],
    ['/workers/1', 'set_availability', { availability: 'unavailable' }],
  ];
  const statuses = async (caller: typeof ALICE) => {
    const all = [];
    for (const [path, method, params] of MUTATIONS)
      all.push((await world.rpc(path, method, params, caller)).status);
    return all;
  };

  /** All but these are forbidden. */
  const only = (...allowed: string[]) =>
    MUTATIONS.map(([path, method]) => (allowed.includes(method) && !path.startsWith('/workers') ? 200 : 403));

  it('lets the one who submitted a build stop, cancel, unshelve and rebuild it', async () => {
    expect(await statuses(ALICE)).toEqual(only('stop', 'rebuild', 'cancel', 'unshelve', 'force'));
    expect(world.calls).toContainEqual(['stopBuild', 1, 'alice', 'no reason given']);
  });

  it('keeps everyone else from it', async () => {
    expect(await statuses(BOB)).toEqual(only('force'));
  });

  it('lets nobody change anything over TCP', async () => {
    expect(await statuses(ANYBODY)).toEqual(MUTATIONS.map(() => 403));
    expect(world.calls).toEqual([]);
  });

  it('says why, as JSON-RPC says it', async () => {
    const { body } = await world.rpc('/builds/1', 'stop', {}, BOB);
    expect(body).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32600, message: 'stop: this was asked for by alice, and you are bob' },
    });
  });

  it('does not take the name that a client claims', async () => {
    await world.rpc('/builds/1', 'stop', { owner: 'alice', username: 'alice' }, BOB);
    expect(world.calls).toEqual([]);
  });
});
