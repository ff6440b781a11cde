import { type MasterConfig, type MasterConfigInput, masterConfigSchema } from '@buildbot/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeDifference, differenceOf, takeable } from './difference.ts';

const steps = [{ type: 'shell', command: 'make' }];
const BEFORE: MasterConfigInput = {
  workers: [
    { name: 'w1', password: 'secret' },
    { name: 'w2', password: 'secret' },
  ],
  builders: [
    { name: 'linux', workers: ['w1'], steps },
    { name: 'old', workers: ['w2'], steps },
  ],
  schedulers: [{ type: 'try', name: 'try', builders: ['linux'] }],
};

const parse = (input: MasterConfigInput): MasterConfig => masterConfigSchema.parse(input);
const difference = (change: MasterConfigInput) =>
  differenceOf(parse(BEFORE), parse({ ...BEFORE, ...change }));

test('names what came, what went and what is another thing under its name', () => {
  const found = difference({
    title: 'Another',
    retry: { attempts: 5 },
    workers: [...(BEFORE.workers ?? []), { name: 'w3', password: 'secret' }],
    builders: [
      { name: 'linux', workers: ['w1'], steps: [{ type: 'shell', command: 'make all' }] },
      { name: 'mac', workers: ['w3'], steps },
    ],
  });
  expect(describeDifference(found)).toBe('builders +mac -old ~linux; workers +w3; title; retry');
});

test('says that another password is another worker, and not which password', () => {
  const found = difference({
    workers: [
      { name: 'w1', password: 'hunter2' },
      { name: 'w2', password: 'secret' },
    ],
  });
  expect(describeDifference(found)).toBe('workers ~w1');
});

test('what a process is bound to waits for a restart, and is not taken over', () => {
  const change: MasterConfigInput = {
    listen: { api: '127.0.0.1:1', workers: '127.0.0.1:2', ssh: { address: '127.0.0.1:3' } },
    database: { url: 'sqlite:other' },
    workerLink: { keepalive: '1s', timeout: '1s', grace: '2s', ping: '1s' },
  };
  const found = difference(change);
  expect(found.needsRestart).toEqual([
    'listen.api',
    'listen.workers',
    'listen.ssh',
    'database.url',
    'workerLink.keepalive',
    'workerLink.timeout',
    'workerLink.grace',
  ]);
  expect(describeDifference(found)).toBe('workerLink.ping');
  const before = parse(BEFORE);
  const taken = takeable(before, parse({ ...BEFORE, ...change }));
  expect(taken).toEqual({ ...before, workerLink: { ...before.workerLink, ping: 1000 } });
});

/** Configurations that differ in any of their keys, the same ones often enough. */
const name = fc.constantFrom('a', 'b', 'c');
const named = <T>(make: (name: string) => fc.Arbitrary<T>) =>
  fc.uniqueArray(name, { maxLength: 3 }).chain((names) => fc.tuple(...names.map(make)));
const text = fc.constantFrom('x', 'y');
const duration = fc.constantFrom(1000, 2000);
const arbitraryConfig = fc
  .record({
    title: text,
    listen: fc.record({ workers: fc.constantFrom('127.0.0.1:1', '127.0.0.1:2') }),
    database: fc.record({ url: text }),
    workerLink: fc.record({
      ...{ keepalive: duration, timeout: duration },
      ...{ grace: fc.constantFrom(4000, 5000), ping: fc.constantFrom(1, 2) },
    }),
    retry: fc.record({ attempts: fc.integer({ min: 1, max: 2 }) }),
    suspect: fc.record({ after: fc.integer({ min: 1, max: 2 }) }),
    alerts: fc.option(fc.record({ command: fc.tuple(text) }), { nil: undefined }),
    retention: fc.record({ builds: fc.option(duration, { nil: undefined }) }),
    workers: named((worker) => fc.record({ name: fc.constant(worker), password: text })),
    builders: named((builder) =>
      fc.record({
        name: fc.constant(builder),
        workers: fc.constant(['a']),
        steps: fc.tuple(fc.record({ type: fc.constant('shell'), command: text })),
      }),
    ),
    schedulers: named((scheduler) =>
      fc.record({
        type: fc.constant('force' as const),
        name: fc.constant(scheduler),
        builders: fc.tuple(name),
      }),
    ),
  })
  .map((input) => masterConfigSchema.parse(JSON.parse(JSON.stringify(input))));

const isNothing = (old: MasterConfig, wanted: MasterConfig): boolean => {
  const found = differenceOf(old, wanted);
  return describeDifference(found) === '' && found.needsRestart.length === 0;
};

/** Lists of named things have no order that means anything. */
const sorted = (config: MasterConfig): unknown => {
  const byName = <T extends { name: string }>(items: readonly T[]) =>
    [...items].sort((one, other) => (one.name < other.name ? -1 : 1));
  const { workers, builders, schedulers } = config;
  return {
    ...config,
    ...{ workers: byName(workers), builders: byName(builders), schedulers: byName(schedulers) },
  };
};

test('there is no difference between equals, and one between all others', () => {
  fc.assert(
    fc.property(arbitraryConfig, arbitraryConfig, (old, wanted) => {
      expect(isNothing(old, structuredClone(old))).toBe(true);
      const isEqual = JSON.stringify(sorted(old)) === JSON.stringify(sorted(wanted));
      expect(isNothing(old, wanted)).toBe(isEqual);
    }),
  );
});

test('there and back again comes and goes the same, and what was taken over is not taken over again', () => {
  fc.assert(
    fc.property(arbitraryConfig, arbitraryConfig, (old, wanted) => {
      const there = differenceOf(old, wanted);
      const back = differenceOf(wanted, old);
      for (const kind of ['builders', 'workers', 'schedulers'] as const) {
        expect(new Set(back[kind].added)).toEqual(new Set(there[kind].removed));
        expect(new Set(back[kind].changed)).toEqual(new Set(there[kind].changed));
      }
      const next = differenceOf(takeable(old, wanted), wanted);
      expect(describeDifference(next)).toBe('');
      expect(next.needsRestart).toEqual(there.needsRestart);
    }),
  );
});

/** The configuration without one of its keys, or one of their keys; lists are emptied. */
function withoutEach(config: object): [string, MasterConfig][] {
  return Object.entries(config).flatMap(([key, value]): [string, MasterConfig][] => {
    const instead = (other: unknown) => ({ ...config, [key]: other }) as MasterConfig;
    if (Array.isArray(value)) return [[key, instead([])]];
    if (typeof value !== 'object') return [[key, instead(undefined)]];
    return Object.keys(value).map((inner) => [`${key}.${inner}`, instead({ ...value, [inner]: undefined })]);
  });
}

test('no key of a configuration is forgotten', () => {
  const ssh = { address: '127.0.0.1:3' };
  const listen = { api: '127.0.0.1:1', ssh };
  const retention = { builds: '1d', logs: '1d' };
  const full = parse({ ...BEFORE, listen, retention, alerts: { command: ['page'] } });
  expect(Object.keys(full).sort()).toEqual(Object.keys(masterConfigSchema.shape).sort());
  for (const [key, other] of withoutEach(full)) expect([key, isNothing(full, other)]).toEqual([key, false]);
});
