import { expect, test } from 'vitest';
import { checkData, formatPath } from './faults.ts';
import { masterConfigSchema } from './master.ts';

/** `PATH: MESSAGE` of everything that is wrong with a configuration. */
function faultsOf(config: object): string[] {
  const checked = checkData(masterConfigSchema, config);
  return checked.ok ? [] : checked.faults.map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

test('times with which every worker would be lost are refused, each with its range and the reason', () => {
  const cuts = 'less cuts living workers off, more misses dead ones';
  expect(faultsOf({ workerLink: { keepalive: '0s', timeout: '0s', grace: '0s', ping: '0s' } })).toEqual([
    `workerLink.keepalive: must be from 100ms to 1h: ${cuts}`,
    `workerLink.timeout: must be from 100ms to 1h: ${cuts}`,
    'workerLink.ping: must be from 100ms to 1m: less refuses living workers, and for as long a build waits for a dead one',
  ]);
});

test.each<[object, string]>([
  [
    { workerLink: { keepalive: '2s', timeout: '60s', grace: '1s' } },
    'workerLink.grace: must be at least keepalive and timeout together, 1m02s, and is 1s: the other side would be given up before it can notice that the link is gone',
  ],
  [{ workerLink: { keepalive: '20m' } }, 'workerLink.grace: must be at least keepalive and timeout together'],
  [{ workerLink: { ping: '10m' } }, 'workerLink.ping: must be from 100ms to 1m'],
  [
    { suspect: { delay: '5m', maxDelay: '1m' } },
    'suspect.maxDelay: must be at least delay, 5m00s, and is 1m00s',
  ],
  [{ retry: { delay: '1h' } }, 'retry.maxDelay: must be at least delay, 1h00m, and is 30m00s'],
  [{ retry: { attempts: 0 } }, 'retry.attempts: must be at least 1'],
  [{ retry: { factor: 0.5 } }, 'retry.factor: must be at least 1'],
  [{ alerts: { command: ['page'], timeout: 0 } }, 'alerts.timeout: must be from 1s to 1h'],
  [{ retention: { builds: 0 } }, 'retention.builds: must be from 1m to 3650d'],
  [
    { schedulers: [{ type: 'try', name: 't', builders: ['b'], priority: 1, maxPriority: -3 }] },
    'schedulers[0].maxPriority: must be at least priority, 1, and is -3',
  ],
  [
    { schedulers: [{ type: 'force', name: 'f', builders: ['b'], maxPriority: -1 }] },
    'schedulers[0].maxPriority: must be at least priority, 0, and is -1',
  ],
])('%j is refused', (config, message) => {
  expect(faultsOf(config)).toEqual([expect.stringContaining(message)]);
});

test('the bounds themselves are allowed', () => {
  expect(
    faultsOf({
      workerLink: { keepalive: '100ms', timeout: '100ms', grace: '200ms', ping: '1m' },
      retry: { delay: '1h', maxDelay: '1h', attempts: 1, factor: 1 },
      schedulers: [{ type: 'force', name: 'f', builders: ['b'], priority: 2, maxPriority: 2 }],
    }),
  ).toEqual([]);
});
