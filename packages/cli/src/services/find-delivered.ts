/** Finds the build set that a job became on a real Buildbot, which looks into its try directory every ten seconds. */
import type { ApiClient } from '../client/api-client.ts';
import type { Clock } from '../clock.ts';

const POLL_MS = 1000;
const GIVE_UP_MS = 30_000;

/** The build set's id; null when none came in time or `signal` aborted. */
export async function findDelivered(
  client: ApiClient,
  jobId: string,
  clock: Clock,
  signal: AbortSignal,
  giveUpAfterMs = GIVE_UP_MS,
): Promise<number | null> {
  const since = clock.monotonic();
  while (!signal.aborted && clock.monotonic() - since < giveUpAfterMs) {
    const [set] = await client.resources(
      'buildsets',
      `buildsets?external_idstring=${encodeURIComponent(jobId)}`,
      signal,
    );
    if (set !== undefined) return set.bsid;
    await clock.sleep(POLL_MS, signal);
  }
  return null;
}
