/** Requirement M6: every call that changes something, tried without, with wrong, with insufficient and with right credentials. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { methodNames } from '../../packages/master/src/api/control/methods.ts';
import { type Plural, RESOURCE_TYPES } from '../../packages/master/src/api/resources.ts';
import { SINGLES } from '../../packages/master/src/api/routes/paths.ts';
import { bearer, type OpenApi, openApi } from '../support/open-api.ts';

const PLURALS = Object.keys(RESOURCE_TYPES) as Plural[];
const CALLS = PLURALS.flatMap((plural) => methodNames(plural).map((method) => ({ plural, method })));

/** An object of each kind that has methods. */
const OBJECTS: Partial<Record<Plural, string>> = {
  builds: '/builds/1',
  buildrequests: '/buildrequests/1',
  forceschedulers: '/forceschedulers/force',
  masters: '/masters/1',
  schedulers: '/schedulers/1',
  workers: '/workers/w1',
};
/** What a method needs besides. */
const PARAMETERS: Record<string, object> = {
  set_priority: { priority: 3 },
  enable: { enabled: false },
  set_availability: { availability: 'reluctant' },
};
const OWN = new Set(['stop', 'rebuild', 'cancel', 'unshelve']);

let world: OpenApi;
let endWorld: () => Promise<void>;
const secrets = { reader: '', other: '', owner: '', ruled: '', admin: '' };

beforeAll(async () => {
  const access = { roles: { operators: ['group:ops'] }, rules: [{ allow: ['*'], to: ['operators'] }] };
  world = await openApi({ access }, (end) => {
    endWorld = end;
  });
  await world.build({ submitter: 'alice' });
  secrets.reader = (await world.token({ user: 'alice', scopes: ['read'] })).secret;
  secrets.owner = (await world.token({ user: 'alice' })).secret;
  secrets.other = (await world.token({ user: 'bob' })).secret;
  secrets.ruled = (await world.token({ user: 'carol', groups: ['ops'] })).secret;
  secrets.admin = (await world.token({ user: 'dave', scopes: ['admin'] })).secret;
});

afterAll(() => endWorld());

test('there is an object for every kind of call', () => {
  expect(Object.keys(OBJECTS).sort()).toEqual([...new Set(CALLS.map(({ plural }) => plural))].sort());
});

describe.each(CALLS)('$plural: $method', ({ plural, method }) => {
  const attempt = async (headers: Record<string, string>) => {
    const before = world.calls.length;
    const target = `/api/v2${OBJECTS[plural]}`;
    const { status } = await world.call(target, method, PARAMETERS[method], headers);
    return { status, done: world.calls.length - before };
  };

  test('is refused without credentials', async () => {
    expect(await attempt({})).toEqual({ status: 403, done: 0 });
  });

  test('is refused with a wrong token, and with a password where there are none', async () => {
    expect(await attempt(bearer('bbt_wrong'))).toEqual({ status: 401, done: 0 });
    expect(await attempt({ authorization: 'Basic YWxpY2U6cGFzcw==' })).toEqual({ status: 403, done: 0 });
  });

  test('is refused to a token for reading, to another user, and to the owner unless it is about the own build', async () => {
    expect(await attempt(bearer(secrets.reader))).toEqual({ status: 403, done: 0 });
    expect(await attempt(bearer(secrets.other))).toEqual({ status: 403, done: 0 });
    const isOwn = OWN.has(method) && (plural === 'builds' || plural === 'buildrequests');
    expect(await attempt(bearer(secrets.owner))).toEqual(
      isOwn ? { status: 200, done: 1 } : { status: 403, done: 0 },
    );
  });

  test('is done for whom a rule allows it, and for an administrator', async () => {
    expect(await attempt(bearer(secrets.ruled))).toEqual({ status: 200, done: 1 });
    expect(await attempt(bearer(secrets.admin))).toEqual({ status: 200, done: 1 });
  });
});

test('row 1: no path of the table does anything for nobody, however the method is called', async () => {
  const before = world.calls.length;
  for (const { paths } of SINGLES) {
    for (const path of paths) {
      const target = `/api/v2/${path.replaceAll(/\{\w+\}/g, '1')}`;
      for (const method of ['stop', 'force', 'reconfig', 'kill', 'enable', 'constructor', '__proto__']) {
        const { status } = await world.call(target, method);
        expect([target, method, status < 400]).toEqual([target, method, false]);
      }
    }
  }
  expect(world.calls.length).toBe(before);
});

test.each(['PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'])('row 1: %s changes nothing', async (method) => {
  const before = world.calls.length;
  const reply = await world.ask('/api/v2/builds/1', { method, headers: bearer(secrets.admin) });
  expect(reply.status).toBeGreaterThanOrEqual(400);
  expect(world.calls.length).toBe(before);
});

test('row 1: a header or parameter that overrides the method is not looked at', async () => {
  const before = world.calls.length;
  const headers = { ...bearer(secrets.admin), 'x-http-method-override': 'POST', 'x-method-override': 'POST' };
  const reply = await world.ask('/api/v2/builds/1', { headers });
  expect([reply.status, reply.headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
  expect((await world.ask('/api/v2/builds/1?_method=POST', { headers })).status).toBe(400);
  expect(world.calls.length).toBe(before);
});
