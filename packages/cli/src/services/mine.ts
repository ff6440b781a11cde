/** Which requests are of the person who asks, as the master knows that person. */
import { UserError } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';

/** As many of one's newest tries as can matter to somebody who watches. */
const TRIES = 100;

/** @throws UserError where the master does not know who asks, LinkError */
export async function readMine(client: ApiClient, signal: AbortSignal): Promise<number[]> {
  const user = await client.userName(signal);
  if (user === null)
    throw new UserError('the master does not know who you are', {
      hint: 'Come in through SSH, or give --token-file with --api.',
    });
  const path = `buildsets?submitter=${encodeURIComponent(user)}&order=-bsid&limit=${TRIES}`;
  const sets = await client.resources('buildsets', path, signal);
  if (sets.length === 0) return [];
  const query = sets.map(({ bsid }) => `buildsetid=${bsid}`).join('&');
  const requests = await client.resources('buildrequests', `buildrequests?${query}`, signal);
  return requests.map(({ buildrequestid }) => buildrequestid);
}
