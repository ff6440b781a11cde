/**
 * What a schema cannot say: names that must exist or be unique, and values that do not go together. Works on a draft, so
 * that it finds what it can also in a file with other mistakes, without an echo of those.
 */
import { normalize } from 'node:path';
import {
  addressSchema,
  BUILT_IN_ROLES,
  type Fault,
  suggestion,
  trySchedulerConfigSchema,
} from '@buildbot/shared';
import type { Draft, DraftItem, Word } from './draft.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export function referenceFaults(draft: Draft): Fault[] {
  return [
    ...duplicates(draft.workers),
    ...duplicates(draft.builders),
    ...duplicates(draft.schedulers),
    ...passwordFaults(draft),
    ...openAddresses(draft),
    ...unknownRoles(draft),
    ...sharedTryDirectories(draft),
    ...unknownWorkers(draft),
    ...unknownBuilders(draft),
  ];
}

function fault(path: Fault['path'], message: string, hint: string | null): Fault {
  return { path, message, hint, isKey: false };
}

function duplicates(items: readonly DraftItem[]): Fault[] {
  const seen = new Set<string>();
  return items.flatMap(({ name, path }) => {
    if (name === undefined) return [];
    if (seen.has(name))
      return [fault([...path, 'name'], `"${name}" is used twice`, 'every name must be unique')];
    seen.add(name);
    return [];
  });
}

function unknownWorkers({ whole, workers, builders }: Draft): Fault[] {
  const names = namesOf(whole, 'workers', workers);
  const tags = names === null ? null : tagsOf(workers);
  return builders.flatMap((builder) => [
    ...unknown(builder.words('workers'), names, 'worker'),
    ...unknown(builder.words('workers', 'tags'), tags, 'worker tag'),
  ]);
}

function unknownBuilders({ whole, builders, schedulers }: Draft): Fault[] {
  const names = namesOf(whole, 'builders', builders);
  return schedulers.flatMap((scheduler) => unknown(scheduler.words('builders'), names, 'builder'));
}

function unknown(words: readonly Word[], known: readonly string[] | null, what: string): Fault[] {
  if (known === null) return [];
  return words
    .filter(({ text }) => !known.includes(text))
    .map(({ text, path }) => fault(path, `there is no ${what} "${text}"`, suggestion(text, known)));
}

/** The names in a section; `null` if one of them is not to be read, for it may be the one that is looked for. */
function namesOf(
  whole: DraftItem,
  section: 'workers' | 'builders',
  items: readonly DraftItem[],
): string[] | null {
  const names = items.flatMap(({ name }) => (name === undefined ? [] : [name]));
  const isRead = items.length > 0 || whole.lacks(section) || whole.isEmptyList(section);
  return isRead && names.length === items.length ? names : null;
}

function tagsOf(workers: readonly DraftItem[]): string[] | null {
  const areRead = workers.every((worker) => worker.has('tags') || worker.lacks('tags'));
  return areRead
    ? [...new Set(workers.flatMap((worker) => worker.words('tags').map(({ text }) => text)))]
    : null;
}

/** Two who look after one try directory would take each other's jobs. */
function sharedTryDirectories({ schedulers }: Draft): Fault[] {
  const owners = new Map<string, string>();
  return schedulers.flatMap((scheduler) => {
    const jobdir = trySchedulerConfigSchema.shape.jobdir.safeParse(scheduler.text('jobdir')).data;
    if (scheduler.text('type') !== 'try' || jobdir === undefined) return [];
    const folder = normalize(`${jobdir}/.`);
    const owner = owners.get(folder);
    owners.set(folder, owner ?? scheduler.name ?? '');
    if (owner === undefined) return [];
    const message = `it is the try directory of "${owner}"`;
    return [fault([...scheduler.path, 'jobdir'], message, 'give each its own jobdir')];
  });
}

/** Beyond this machine tokens and cookies must not travel in the clear, unless that is wanted. */
function openAddresses({ listen }: Draft): Fault[] {
  const api = listen.text('api');
  if (api === undefined || !addressSchema.safeParse(api).success) return [];
  const host = api.slice(0, api.lastIndexOf(':'));
  const isSaidHow = listen.has('tls') || listen.has('proxies') || listen.isTrue('plain');
  if (LOOPBACK.test(host) || isSaidHow) return [];
  const hint = 'give listen.tls, or listen.proxies that speak HTTPS for it, or say listen.plain: true';
  return [fault(['listen', 'api'], `${host} is not a loopback address, and nothing protects it`, hint)];
}

/** A role that a rule names must be one, or nobody would ever be allowed what it says. */
function unknownRoles({ access }: Draft): Fault[] {
  const known = [...access.keys('roles'), ...BUILT_IN_ROLES];
  return access.items('rules').flatMap((rule) => unknown(rule.words('to'), known, 'role'));
}

function passwordFaults({ workers }: Draft): Fault[] {
  return workers.flatMap((worker) => {
    const isGivenTwice = worker.has('password') && worker.has('passwordFile');
    const isMissing = worker.lacks('password') && worker.lacks('passwordFile');
    return isGivenTwice || isMissing
      ? [fault(worker.path, 'give exactly one of password and passwordFile', null)]
      : [];
  });
}
