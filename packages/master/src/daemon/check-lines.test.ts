import type { BuildRequestResource, StatusResource, WorkerResource } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { checkLines } from './check-lines.ts';

const subject = { host: 'ci', now: 1_800_000_000_500 };

const worker = {
  name: 'w1',
  connected_to: [{ masterid: 1 }],
  configured_on: [{ masterid: 1, builderid: 1 }],
  availability: 'eager',
  availability_rule: 'default',
  suspect: null,
  missing_since: null,
  away_since: null,
} as unknown as WorkerResource;

function status(change: Partial<StatusResource> = {}): StatusResource {
  return { builds: [], workers: [], pending: 0, shelved: [], ...change } as unknown as StatusResource;
}

test('a master that says nothing is critical, and nothing is said of its workers', () => {
  expect(checkLines({ failure: 'not running' }, subject)).toEqual([
    '[1800000000] PROCESS_SERVICE_CHECK_RESULT;ci;buildbot master;2;not running',
  ]);
});

test('one line for the master, the queue and each configured worker', () => {
  const workers = [
    worker,
    { ...worker, name: 'w2', connected_to: [] },
    { ...worker, name: 'w3', suspect: { until: 1, reason: 'lost 3 builds in a row, last: gone' } },
    { ...worker, name: 'w4', connected_to: [], missing_since: 1 },
    { ...worker, name: 'w5', paused: true },
    { ...worker, name: 'gone', configured_on: [] },
  ];
  const shelved = [17, 18].map((buildrequestid) => ({ buildrequestid }) as BuildRequestResource);
  const lines = checkLines(status({ workers, shelved, pending: 4 }), subject);
  expect(lines.map((line) => line.replace('[1800000000] PROCESS_SERVICE_CHECK_RESULT;ci;', ''))).toEqual([
    'buildbot master;0;running, 0 builds',
    'buildbot queue;1;4 waiting, 2 requests shelved: 17 18',
    'buildbot worker w1;0;eager (default)',
    'buildbot worker w2;1;not connected',
    'buildbot worker w3;2;host down: lost 3 builds in a row, last: gone',
    'buildbot worker w4;2;host down: away for too long',
    'buildbot worker w5;0;paused',
  ]);
});

test('no name and no reason can make a line or field of its own', () => {
  const suspect = { until: 1, reason: 'x\n[1] EVIL;ci;buildbot master;0;fine' };
  const lines = checkLines(status({ workers: [{ ...worker, name: 'w;0;1', suspect }] }), subject);
  expect(lines).toHaveLength(3);
  expect(lines[2]?.split(';')).toHaveLength(5);
  expect(lines.join('')).not.toContain('\n');
});
