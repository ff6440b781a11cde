/** What people write to name a build: its id, `builder/number`, or a URL of either. */
import {
  type BuildRequestResource,
  type BuildResource,
  type BuildSetResource,
  sanitizeName,
  UserError,
} from '@buildbot/shared';
import { type ApiClient, NotFound } from '../client/api-client.ts';

export type BuildReference = { buildId: number } | { builder: string; number: number };

/** @throws UserError when it is none of these */
export function parseBuildReference(text: string): BuildReference {
  if (/^\d{1,15}$/.test(text)) return { buildId: Number(text) };
  // The web UI writes …/#/builders/2/builds/5; the API …/api/v2/builds/17.
  const inUrl = /\/(?:builders\/([^/]+)\/)?builds\/(\d{1,15})(?:[/?#]|$)/.exec(text);
  if (inUrl?.[2] !== undefined && text.includes('://')) {
    if (inUrl[1] === undefined) return { buildId: Number(inUrl[2]) };
    const builder = decoded(inUrl[1]);
    if (isBuilder(builder)) return { builder, number: Number(inUrl[2]) };
  }
  const [, name, number] = /^([^/]+)\/(\d{1,15})$/.exec(text) ?? [];
  if (isBuilder(name)) return { builder: name, number: Number(number) };
  throw new UserError(`'${text.slice(0, 100)}' names no build`, {
    hint: 'Expected an id (17), builder/number (linux/12) or a URL.',
  });
}

/** Dots would be a step in the path that is asked for: to a build that nobody named. */
function isBuilder(name: string | undefined): name is string {
  return name !== undefined && name !== '.' && name !== '..';
}

function decoded(component: string): string | undefined {
  try {
    return decodeURIComponent(component);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** Its path below `/api/v2/`. */
export function pathOfBuild(reference: BuildReference): string {
  if ('buildId' in reference) return `builds/${reference.buildId}`;
  return `builders/${encodeURIComponent(reference.builder)}/builds/${reference.number}`;
}

/** As a person names it: `17`, `linux/12`. */
export function nameOfBuild(reference: BuildReference): string {
  return 'buildId' in reference
    ? String(reference.buildId)
    : sanitizeName(`${reference.builder}/${reference.number}`);
}

/** @throws UserError when the master has no such build */
export async function findBuild(client: ApiClient, reference: BuildReference): Promise<BuildResource> {
  const found = await client.resources('builds', pathOfBuild(reference)).catch(noneIfNotFound);
  return found[0] ?? noSuch(`build ${nameOfBuild(reference)}`);
}

/** @throws UserError when the master has no such build request */
export async function findRequest(client: ApiClient, id: number): Promise<BuildRequestResource> {
  const found = await client.resources('buildrequests', `buildrequests/${id}`).catch(noneIfNotFound);
  return found[0] ?? noSuch(`build request ${id}`);
}

/** @throws UserError when the master has no such build set */
export async function findBuildSet(
  client: ApiClient,
  id: number,
  signal?: AbortSignal,
): Promise<BuildSetResource> {
  const found = await client.resources('buildsets', `buildsets/${id}`, signal).catch(noneIfNotFound);
  return found[0] ?? noSuch(`try #${id}`);
}

function noneIfNotFound(error: unknown): never[] {
  if (error instanceof NotFound) return [];
  throw error;
}

function noSuch(what: string): never {
  throw new UserError(`there is no ${what}`, { hint: "'buildbot watch' shows the builds." });
}

/** The new build set's id in Buildbot's answer to `rebuild` and `force`: `[bsid, {builderid: requestid}]`. */
export function buildSetOf(answer: unknown): number {
  const id = Array.isArray(answer) ? answer[0] : undefined;
  if (typeof id === 'number') return id;
  throw new UserError('the master answered without the number of a build set');
}
