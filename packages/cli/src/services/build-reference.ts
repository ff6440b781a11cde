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
    return inUrl[1] === undefined
      ? { buildId: Number(inUrl[2]) }
      : { builder: decodeURIComponent(inUrl[1]), number: Number(inUrl[2]) };
  }
  const named = /^([^/]+)\/(\d{1,15})$/.exec(text);
  if (named?.[1] !== undefined) return { builder: named[1], number: Number(named[2]) };
  throw new UserError(`'${text.slice(0, 100)}' names no build`, {
    hint: 'Expected an id (17), builder/number (linux/12) or a URL.',
  });
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
