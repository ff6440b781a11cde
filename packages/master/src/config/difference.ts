/**
 * What a new configuration changes, as data: so that a running master disturbs nothing that stays as it is, and can say
 * in a few words what it took over. Pure. Two kinds of keys: those in force at once, and those that a process is bound to
 * from its start (where it listens, its database, the rhythm of the worker link).
 */
import { isDeepStrictEqual } from 'node:util';
import type { MasterConfig } from '@buildbot/shared';

/** Names of what came, went, and is another thing under the same name. Each in the order of its configuration. */
export interface NamedDifference {
  added: string[];
  removed: string[];
  changed: string[];
}

const NAMED = ['builders', 'workers', 'schedulers'] as const;

/** Settings that are in force at once. */
const LIVE = [
  'title',
  'www',
  'access',
  'workerLink.ping',
  'retry',
  'suspect',
  'alerts',
  'retention',
] as const;

/** Settings that a running master keeps, whatever its file says. */
const FIXED = [
  'listen.api',
  'listen.workers',
  'listen.tls',
  'listen.proxies',
  'listen.plain',
  'listen.ssh',
  'listen.heartbeat',
  'database.url',
  'workerLink.keepalive',
  'workerLink.timeout',
  'workerLink.grace',
] as const;

export interface Difference extends Record<(typeof NAMED)[number], NamedDifference> {
  /** Settings with another value, in force at once. */
  settings: (typeof LIVE)[number][];
  /** Settings with another value that need a restart. */
  needsRestart: (typeof FIXED)[number][];
}

/** From the configuration in force to the one that is wanted. */
export function differenceOf(old: MasterConfig, wanted: MasterConfig): Difference {
  const isChanged = (key: string): boolean => !isDeepStrictEqual(valueAt(old, key), valueAt(wanted, key));
  return {
    builders: namedDifference(old.builders, wanted.builders),
    workers: namedDifference(old.workers, wanted.workers),
    schedulers: namedDifference(old.schedulers, wanted.schedulers),
    settings: LIVE.filter(isChanged),
    needsRestart: FIXED.filter(isChanged),
  };
}

/** What a running master can take over of `wanted`: all but the settings that it is bound to. */
export function takeable(old: MasterConfig, wanted: MasterConfig): MasterConfig {
  const { keepalive, timeout, grace } = old.workerLink;
  const workerLink = { ...wanted.workerLink, keepalive, timeout, grace };
  return { ...wanted, listen: old.listen, database: old.database, workerLink };
}

/** `builders +mac -old ~linux; workers +w3; retry`, or the empty text. Names only: values may be secret. */
export function describeDifference(difference: Difference): string {
  const named = NAMED.map((kind) => [kind, ...signed(difference[kind])]);
  return [
    ...named.filter((words) => words.length > 1).map((words) => words.join(' ')),
    ...difference.settings,
  ].join('; ');
}

function signed({ added, removed, changed }: NamedDifference): string[] {
  const mark = (sign: string, names: string[]): string[] => names.map((name) => `${sign}${name}`);
  return [...mark('+', added), ...mark('-', removed), ...mark('~', changed)];
}

function namedDifference<T extends { name: string }>(
  old: readonly T[],
  wanted: readonly T[],
): NamedDifference {
  const before = new Map(old.map((item) => [item.name, item]));
  const after = new Set(wanted.map(({ name }) => name));
  return {
    added: wanted.filter(({ name }) => !before.has(name)).map(({ name }) => name),
    removed: old.filter(({ name }) => !after.has(name)).map(({ name }) => name),
    changed: wanted
      .filter((item) => before.has(item.name) && !isDeepStrictEqual(item, before.get(item.name)))
      .map(({ name }) => name),
  };
}

function valueAt(config: MasterConfig, path: string): unknown {
  let value: unknown = config;
  for (const key of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[key];
  return value;
}
