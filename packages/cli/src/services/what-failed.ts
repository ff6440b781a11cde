/** What of a try has failed so far: its builders, and the builds to be built once more. */
import { EXCEPTION, FAILURE, sanitizeName, UserError } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import { findBuildSet } from './find-build.ts';

export interface Failed {
  builder: string;
  requestId: number;
}

/** In the order of their requests. @throws UserError when there is no such try, or nothing of it has failed */
export async function whatFailed(client: ApiClient, buildSetId: number): Promise<Failed[]> {
  const { complete } = await findBuildSet(client, buildSetId);
  const [requests, builders] = await Promise.all([
    client.resources('buildrequests', `buildrequests?buildsetid=${buildSetId}&order=buildrequestid`),
    client.resources('builders'),
  ]);
  const names = new Map(builders.map(({ builderid, name }) => [builderid, name]));
  const failed = requests.filter(({ results }) => results === FAILURE || results === EXCEPTION);
  if (failed.length > 0)
    return failed.map(({ buildrequestid, builderid }) => ({
      builder: names.get(builderid) ?? String(builderid),
      requestId: buildrequestid,
    }));
  throw new UserError(`nothing failed in try #${buildSetId}${complete ? '' : ' so far'}`, {
    hint: complete ? "'buildbot try --again' sends all of it once more." : 'It still runs.',
  });
}

/** The newest build of a request. @throws UserError when it never had one */
export async function lastBuildOf(client: ApiClient, { builder, requestId }: Failed): Promise<number> {
  const path = `buildrequests/${requestId}/builds?order=-buildid&limit=1`;
  const [build] = await client.resources('builds', path);
  if (build !== undefined) return build.buildid;
  throw new UserError(`${sanitizeName(builder)} failed without a build: there is nothing to build again`);
}
