/** `force`: what is asked of the scheduler, and which builder was meant when there is none of that name. */
import { ExternalError, nearest, sanitizeName, UserError } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import type { OnceParams } from './ask-once.ts';

export interface ForceParams extends OnceParams {
  reason: string;
  builderNames?: readonly string[];
  branch?: string;
  revision?: string;
  priority?: number;
  properties?: Readonly<Record<string, string>>;
}

/** Fields of the form that have a flag of their own, or that the master fills in. */
const NO_PROPERTIES: readonly string[] = [
  ...['reason', 'branch', 'revision', 'priority', 'repository', 'project', 'builderNames', 'builderid'],
  ...['username', 'owner', 'idempotency_key'],
];

/** Gives the number of the new build set. @throws UserError for what the scheduler does not take */
export async function force(
  client: ApiClient,
  scheduler: string,
  { properties = {}, ...params }: ForceParams,
): Promise<number> {
  const path = `forceschedulers/${encodeURIComponent(scheduler)}`;
  const taken = Object.keys(properties).find((name) => NO_PROPERTIES.includes(name));
  if (taken !== undefined) throw new UserError(`'${taken}' is no property: it is a field of the form`);
  try {
    return buildSetOf(await client.control(path, 'force', { ...properties, ...params }));
  } catch (error) {
    // A real Buildbot answers what it does not know with an error of its own code.
    if (!(error instanceof UserError || error instanceof ExternalError)) throw error;
    throw (await unknownName(client, scheduler, params.builderNames ?? [])) ?? error;
  }
}

/** The new build set's id in Buildbot's answer to `rebuild` and `force`: `[bsid, {builderid: requestid}]`. */
export function buildSetOf(answer: unknown): number {
  const id = Array.isArray(answer) ? answer[0] : undefined;
  if (typeof id === 'number') return id;
  throw new UserError('the master answered without the number of a build set');
}

async function unknownName(
  client: ApiClient,
  scheduler: string,
  builderNames: readonly string[],
): Promise<UserError | null> {
  const forms = (await client.get('forceschedulers', 'forceschedulers')) as { name: string }[];
  const schedulers = forms.map(({ name }) => name);
  if (!schedulers.includes(scheduler)) return noSuch('force scheduler', scheduler, schedulers);
  if (builderNames.length === 0) return null;
  const builders = (await client.resources('builders')).map(({ name }) => name);
  const unknown = builderNames.find((name) => !builders.includes(name));
  return unknown === undefined ? null : noSuch('builder', unknown, builders);
}

function noSuch(what: string, name: string, known: readonly string[]): UserError {
  const close = nearest(name, known);
  const names = known.map((one) => sanitizeName(one, { maxLength: 80 }));
  const hint =
    close !== undefined
      ? `Did you mean '${sanitizeName(close)}'?`
      : names.length === 0
        ? 'There is none.'
        : `There is: ${names.slice(0, 8).join(', ')}.`;
  return new UserError(`there is no ${what} '${sanitizeName(name, { maxLength: 80 })}'`, { hint });
}
