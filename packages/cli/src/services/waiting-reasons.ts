/**
 * Keeps why requests wait fresh. The master makes up a reason when somebody asks, so events do not have it: while
 * something waits, it is asked for again every few seconds.
 */
import type { ApiClient } from '../client/api-client.ts';
import type { Clock } from '../clock.ts';
import { isWaiting } from '../view/waiting.ts';
import type { ViewStore } from './view-store.ts';

/** Between two answers. Milliseconds. */
const FRESH_MS = 2000;

type Asked = Pick<ApiClient, 'resources'>;

export interface WaitingReasons {
  store: ViewStore;
  clock: Pick<Clock, 'sleep'>;
  /** Which requests: a path of the API. */
  path: string;
  signal: AbortSignal;
}

/** Runs `task` and beside it keeps the reasons fresh. A failed question ends nothing but the asking. */
export async function withFreshReasons<T>(
  client: Asked,
  { signal, ...reasons }: WaitingReasons,
  task: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const asking = ask(client, { ...reasons, signal: AbortSignal.any([signal, over.signal]) });
  try {
    return await task();
  } finally {
    over.abort();
    await asking;
  }
}

async function ask(client: Asked, { store, clock, path, signal }: WaitingReasons): Promise<void> {
  try {
    while (!signal.aborted) {
      await clock.sleep(FRESH_MS, signal);
      const waits = [...store.state.requests.values()].some(({ value }) => isWaiting(value));
      if (!waits || signal.aborted) continue;
      store.dispatch({ type: 'reasons', requests: await client.resources('buildrequests', path, signal) });
    }
  } catch {
    // Whoever follows the events hears of a lost link as well, and asks anew when it is back.
  }
}
