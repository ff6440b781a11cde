/**
 * Asks a master for something that makes builds. When the link breaks before the answer, nobody here knows whether it was
 * met: a master that knows keys of its callers (`idempotency_key`) is asked again and meets it once; a real Buildbot
 * would build twice, so there a person decides.
 */
import { randomUUID } from 'node:crypto';
import { ExternalError } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import { backoffMs } from '../client/backoff.ts';
import { LinkError } from '../client/transport.ts';
import type { Clock } from '../clock.ts';
import type { MasterLink } from './master-link.ts';

/** Asked this often; with the pauses between them that is a few seconds, enough for a network that hiccups. */
const MOST_ATTEMPTS = 5;

/** What goes among the parameters of the call. */
export type OnceParams = { idempotency_key?: string };

/**
 * `ask` may be called again with the same parameters and another client; it makes at most one call that makes builds.
 * @throws what `ask` throws; ExternalError when the answer was lost for good
 */
export async function askOnce<T>(
  link: MasterLink,
  deps: { clock: Pick<Clock, 'sleep'>; random: () => number },
  ask: (client: ApiClient, once: OnceParams) => Promise<T>,
): Promise<T> {
  let client = await link.open();
  const once = (await knowsKeys(client)) ? { idempotency_key: randomUUID() } : {};
  const mostAttempts = 'idempotency_key' in once ? MOST_ATTEMPTS : 1;
  for (let attempt = 1; ; attempt++) {
    try {
      if (attempt > 1) client = await link.open();
      return await ask(client, once);
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      if (attempt >= mostAttempts) throw answerLost(link, error);
      await deps.clock.sleep(backoffMs(attempt, deps.random));
    }
  }
}

/** Only this project's masters say whether they drain, and all of them know keys. */
async function knowsKeys(client: ApiClient): Promise<boolean> {
  const [master] = await client.resources('masters', 'masters?limit=1');
  return master?.draining !== undefined;
}

function answerLost(link: MasterLink, cause: LinkError): ExternalError {
  return new ExternalError(link.name, `the link was lost before the answer: ${cause.message}`, {
    hint: "'buildbot watch' shows whether it was queued, before you ask again.",
    cause,
  });
}
