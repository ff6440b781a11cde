/** Feeds a store with how the whole farm stands: one status, then events; a status again when events were missed. */
import type { StatusResource } from '@buildbot/shared';
import { type LinkDeps, stayLinked } from './stay-linked.ts';
import type { ViewStore } from './view-store.ts';

const PATHS = [
  'builds/*/new',
  'builds/*/update',
  'builds/*/finished',
  'builds/*/steps/*/*',
  'buildrequests/*/*',
  'workers/*/*',
];

/** Finished builds and complete requests pile up in the state; a fresh status clears them away this often. */
const FRESH_AFTER_EVENTS = 2000;

/** Runs until `signal` aborts. */
export async function followFarm(deps: LinkDeps & { store: ViewStore }, signal: AbortSignal): Promise<void> {
  const { store } = deps;
  await stayLinked(
    deps,
    async (client) => {
      while (!signal.aborted) {
        const [status] = (await client.get('status', 'statuses', signal)) as StatusResource[];
        if (status === undefined) return;
        store.dispatch({ type: 'status', status });
        let events = 0;
        for await (const told of client.events(PATHS, status.event_number, signal)) {
          if ('resync' in told || ++events > FRESH_AFTER_EVENTS) break;
          store.dispatch({ type: 'event', event: told });
        }
      }
    },
    { signal },
  );
}
