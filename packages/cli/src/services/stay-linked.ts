/** Does something over a link that may break at any time: connects again by itself, ever more slowly, and says so. */
import type { ApiClient } from '../client/api-client.ts';
import { backoffMs } from '../client/backoff.ts';
import { LinkError } from '../client/transport.ts';
import type { Clock } from '../clock.ts';
import type { MasterLink } from './master-link.ts';
import type { ViewStore } from './view-store.ts';

export interface LinkDeps {
  link: MasterLink;
  /** Is told when the link is lost and when it is back. Null when nobody watches. */
  store: ViewStore | null;
  clock: Clock;
  random: () => number;
}

/** A link that held this long was good: the next wait is short again. Milliseconds. */
const GOOD_MS = 30_000;

/**
 * Runs `task` until it ends, again from wherever it left off each time the link broke. `first` is a client that is
 * open already. Ends quietly when `signal` aborts.
 * @throws whatever `task` throws but `LinkError`, and what keeps the very first connection from being made
 */
export async function stayLinked(
  { link, store, clock, random }: LinkDeps,
  task: (client: ApiClient) => Promise<void>,
  { first, signal }: { first?: ApiClient | undefined; signal: AbortSignal },
): Promise<void> {
  let client = first ?? (await link.open());
  let wasLost = false;
  for (let attempt = 0; !signal.aborted; attempt++) {
    const since = clock.monotonic();
    try {
      if (attempt > 0) client = await link.open();
      if (wasLost) store?.dispatch({ type: 'local', fact: { type: 'link_restored', at: clock.now() } });
      wasLost = false;
      return await task(client);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof LinkError)) throw error;
      if (clock.monotonic() - since > GOOD_MS) attempt = 0;
      const retryInMs = backoffMs(attempt, random);
      if (!wasLost)
        store?.dispatch({
          type: 'local',
          fact: { type: 'link_lost', reason: error.message, retryInMs, at: clock.now() },
        });
      wasLost = true;
      await clock.sleep(retryInMs, signal);
    }
  }
}
