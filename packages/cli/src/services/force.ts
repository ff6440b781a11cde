/** `force`: what is asked of the scheduler, and which builder was meant when there is none of that name. */
import { nearest, sanitizeName, UserError } from '@buildbot/shared';
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
    const unknown = await unknownBuilder(client, params.builderNames ?? []);
    throw error instanceof UserError && unknown !== null ? unknown : error;
  }
}

/** The new build set's id in Buildbot's answer to `rebuild` and `force`: `[bsid, {builderid: requestid}]`. */
export function buildSetOf(answer: unknown): number {
  const id = Array.isArray(answer) ? answer[0] : undefined;
  if (typeof id === 'number') return id;
  throw new UserError('the master answered without the number of a build set');
}

async function unknownBuilder(client: ApiClient, wanted: readonly string[]): Promise<UserError | null> {
  if (wanted.length === 0) return null;
  const known = (await client.resources('builders')).map(({ name }) => name);
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown === undefined) return null;
  const close = nearest(unknown, known);
  const hint =
    close === undefined ? "'buildbot builders' lists them." : `Did you mean '${sanitizeName(close)}'?`;
  return new UserError(`there is no builder '${sanitizeName(unknown)}'`, { hint });
}
