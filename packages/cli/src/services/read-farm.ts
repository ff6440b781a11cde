/** How the farm stands from resources that every Buildbot has: a real one has no status and no events of ours. */
import type { BuildRequestResource, BuildResource, StatusResource } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import { withOwnFields, withOwnTimes } from './follow-build-set.ts';

/** As many requests as a status has. */
const MOST_REQUESTS = 200;

/** What a status holds; `round` stands for the event number. What only our masters know is left out. */
export async function readFarm(
  client: ApiClient,
  round: number,
  signal: AbortSignal,
): Promise<StatusResource> {
  const [builders, workers, running, waiting] = await Promise.all([
    client.resources('builders', 'builders', signal),
    client.resources('workers', 'workers', signal),
    client.resources('builds', 'builds?complete=false', signal),
    client.resources('buildrequests', 'buildrequests?complete=false&claimed=false', signal),
  ]);
  const configured = builders.filter(({ masterids }) => masterids.length > 0);
  const [steps, last] = await Promise.all([
    Promise.all(running.map(({ buildid }) => client.resources('steps', `builds/${buildid}/steps`, signal))),
    Promise.all(configured.map(({ builderid }) => lastBuild(client, builderid, signal))),
  ]);
  return {
    ...{ event_number: round, title: '', master: null, builders: configured, workers },
    builds: running.map(withOwnFields),
    steps: steps.flat().map(withOwnTimes),
    last_builds: last.flat().map(withOwnFields),
    buildrequests: waiting.slice(0, MOST_REQUESTS).map(asPending),
    pending: waiting.length,
    shelved: [],
  };
}

function lastBuild(client: ApiClient, builderId: number, signal: AbortSignal): Promise<BuildResource[]> {
  const path = `builders/${builderId}/builds?complete=true&order=-number&limit=1`;
  return client.resources('builds', path, signal);
}

function asPending(request: BuildRequestResource): BuildRequestResource {
  return { ...request, state: 'pending', waiting_reason: request.waiting_reason ?? null };
}
