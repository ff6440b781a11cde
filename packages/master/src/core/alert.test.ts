import type { StoredEvent } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { alertOf, isAlerting } from './alert.ts';

const suspect = { until: 1_795_000_300, reason: 'lost 3 builds in a row, last: it is gone' };

function event(path: string, body: object): StoredEvent {
  return { number: 4711, paths: [path], body, at: 1_795_000_000_999 };
}

const nobody = (): string => {
  throw new Error('no builder is asked for');
};

test('a suspect worker is told with its reason and how long it gets nothing', () => {
  const told = event('workers/1/suspected', { workerid: 1, name: 'w1', suspect });
  expect(alertOf(told, nobody)).toEqual({
    schema: 'buildbot.alert/1',
    id: 4711,
    alert: 'worker-suspect',
    severity: 'critical',
    at: 1_795_000_000,
    text: 'worker w1 gets no builds for now: it lost 3 builds in a row, last: it is gone',
    worker: { id: 1, name: 'w1', ...suspect },
  });
});

test.each([
  ['workers/1/trusted', 'ok', 'worker w1 gets builds again'],
  ['workers/1/missing', 'critical', 'worker w1 has been away for longer than the grace'],
  ['workers/1/returned', 'ok', 'worker w1 is connected again'],
])('%s is told as %s', (path, severity, text) => {
  const alert = alertOf(event(path, { workerid: 1, name: 'w1', suspect: null }), nobody);
  expect(alert).toMatchObject({ severity, text, worker: { until: null, reason: null } });
});

test.each([
  'workers/1/connected',
  'workers/1/state_updated',
  'workers/1/builds/7/finished',
  'workers/1/constructor',
  'buildrequests/1/unshelved',
  'builders/1/buildrequests/1/shelved',
  'builds/1/finished',
])('%s calls for nobody', (path) => {
  expect(isAlerting({ paths: [path] })).toBe(false);
  expect(alertOf(event(path, {}), nobody)).toBeNull();
});
