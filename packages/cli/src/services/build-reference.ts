/** What people write to name a build: its id, `builder/number`, or a URL of either. */
import { type BuildResource, UserError } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';

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

/** @throws NotFound when the master has no such build */
export async function findBuild(client: ApiClient, reference: BuildReference): Promise<BuildResource> {
  const [build] = await client.resources('builds', pathOfBuild(reference));
  if (build === undefined) throw new UserError('the master has no such build');
  return build;
}

/** The new build set's id in Buildbot's answer to `rebuild` and `force`: `[bsid, {builderid: requestid}]`. */
export function buildSetOf(answer: unknown): number {
  const id = Array.isArray(answer) ? answer[0] : undefined;
  if (typeof id === 'number') return id;
  throw new UserError('the master answered without the number of a build set');
}
