/** Feeds a store with how the whole farm stands: one status, then events; a status again when events were missed. */
import { type EstimateResource, type EventMessage, matchesPath, type StatusResource } from '@buildbot/shared';
import { type ApiClient, NotFound } from '../client/api-client.ts';
import type { CurrentClient } from './current-client.ts';
import { readMine } from './mine.ts';
import { readFarm } from './read-farm.ts';
import { type LinkDeps, type LinkEnd, type LinkOptions, stayLinked } from './stay-linked.ts';
import type { ViewStore } from './view-store.ts';
import { withFreshReasons } from './waiting-reasons.ts';

/** Begun, draining, stopped: what a status alone says. */
const MASTER = 'masters/*/*';

const PATHS = [
  'builds/*/new',
  'builds/*/update',
  'builds/*/finished',
  'builds/*/steps/*/*',
  'buildrequests/*/*',
  'workers/*/*',
  MASTER,
];

/** Those that are shown, as a status has them. */
const WAITING = 'buildrequests?state=pending&order=-priority&order=buildrequestid&limit=200';

/** Finished builds and complete requests pile up in the state; a fresh status clears them away this often. */
const FRESH_AFTER_EVENTS = 2000;

/** Between two looks at a master that tells no events. */
const POLL_MS = 2000;

/** Runs until `signal` aborts, or there was no contact for too long. `current` is told each client. */
export async function followFarm(
  deps: LinkDeps & { store: ViewStore; current?: CurrentClient },
  options: Pick<LinkOptions, 'giveUpAfterMs' | 'signal'> & { mine?: boolean },
): Promise<LinkEnd> {
  const { store } = deps;
  const { signal, mine = false } = options;
  const told: Telling = { store, signal, mine };
  return stayLinked(
    deps,
    async (client) => {
      deps.current?.use(client);
      while (!signal.aborted) {
        const status = await readStatus(client, signal);
        if (status === undefined) return pollFarm(client, told, deps.clock);
        if (mine) await tellMine(client, told);
        const busy = new Set(status.builds.map(({ builderid }) => builderid));
        const estimates = await Promise.all([...busy].map((id) => readEstimate(client, id, signal)));
        for (const estimate of estimates.flat())
          store.dispatch({ type: 'estimate', n: status.event_number, estimate });
        store.dispatch({ type: 'status', status });
        const reasons = { store, clock: deps.clock, path: WAITING, signal };
        await withFreshReasons(client, reasons, () => tellEvents(client, told, status.event_number));
      }
    },
    options,
  );
}

/** Nothing where the master has no such thing: a real Buildbot. */
async function readStatus(client: ApiClient, signal: AbortSignal): Promise<StatusResource | undefined> {
  try {
    return ((await client.get('status', 'statuses', signal)) as StatusResource[])[0];
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}

/** Looks again and again, until `signal` aborts. */
async function pollFarm(client: ApiClient, telling: Telling, clock: LinkDeps['clock']): Promise<void> {
  const { store, signal } = telling;
  for (let round = 1; !signal.aborted; round++) {
    store.dispatch({ type: 'status', status: await readFarm(client, round, signal) });
    await clock.sleep(POLL_MS, signal);
  }
}

interface Telling {
  store: ViewStore;
  signal: AbortSignal;
  /** Whether it is told which requests are of whoever watches. */
  mine: boolean;
}

async function tellMine(client: ApiClient, { store, signal }: Telling): Promise<void> {
  store.dispatch({ type: 'mine', requestIds: await readMine(client, signal) });
}

/** Ends when so much was missed or has piled up that everything is read anew. */
async function tellEvents(client: ApiClient, telling: Telling, from: number): Promise<void> {
  const { store, signal, mine } = telling;
  let events = 0;
  for await (const told of client.events(PATHS, from, signal)) {
    if ('resync' in told || ++events > FRESH_AFTER_EVENTS || matchesPath(MASTER, told.k)) return;
    if (mine && matchesPath('buildrequests/*/new', told.k)) await tellMine(client, telling);
    // A build is shown with its estimate from the first moment.
    for (const estimate of await estimatesFor(client, told, signal))
      store.dispatch({ type: 'estimate', n: told.n ?? 0, estimate });
    store.dispatch({ type: 'event', event: told });
  }
}

/** Past builds of the builder whose build has just begun; nothing for any other event. */
async function estimatesFor(
  client: ApiClient,
  { k, m }: EventMessage,
  signal: AbortSignal,
): Promise<EstimateResource[]> {
  if (!matchesPath('builds/*/new', k) || typeof m !== 'object' || m === null) return [];
  return 'builderid' in m && typeof m.builderid === 'number' ? readEstimate(client, m.builderid, signal) : [];
}

/** A real Buildbot has no estimates. */
async function readEstimate(
  client: ApiClient,
  builderId: number,
  signal: AbortSignal,
): Promise<EstimateResource[]> {
  try {
    return await client.resources('estimates', `builders/${builderId}/estimate`, signal);
  } catch (error) {
    if (error instanceof NotFound) return [];
    throw error;
  }
}
