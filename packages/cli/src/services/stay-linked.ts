/**
 * Does something over a link that may break at any time: connects again by itself, ever more slowly, and says so. How
 * long it has been without contact is told again and again, for a host that is gone for good looks like a short break.
 */
import type { ApiClient } from '../client/api-client.ts';
import { backoffMs } from '../client/backoff.ts';
import { LinkError } from '../client/transport.ts';
import type { Clock } from '../clock.ts';
import type { LocalFact } from '../view/messages.ts';
import type { MasterLink } from './master-link.ts';
import type { ViewStore } from './view-store.ts';

export interface LinkDeps {
  link: MasterLink;
  /** Is told when the link is lost and when it is back. Null when nobody watches. */
  store: ViewStore | null;
  clock: Clock;
  random: () => number;
}

export interface LinkOptions {
  /** A client that is open already. */
  first?: ApiClient | undefined;
  /** Milliseconds without contact after which it is not tried again; without it, never. */
  giveUpAfterMs?: number | undefined;
  signal: AbortSignal;
}

/** `no-contact`: the time of `giveUpAfterMs` is over. */
export type LinkEnd = 'done' | 'no-contact';

/** For commands that end when the master does not come back: enough for a restart, or a laptop that is carried home. */
export const RECONNECT_MS = 600_000;

/** A link that held this long was good: the next wait is short again. Milliseconds. */
const GOOD_MS = 30_000;
/** No contact is told after this long, then after twice as long, and so on up to every ten minutes. */
const FIRST_TOLD_MS = 30_000;
const LAST_TOLD_MS = 600_000;

/**
 * Runs `task` until it ends, again from wherever it left off each time the link broke. Ends quietly when `signal` aborts.
 * @throws whatever `task` throws but `LinkError`, and what keeps the very first connection from being made
 */
export async function stayLinked(
  { link, store, clock, random }: LinkDeps,
  task: (client: ApiClient) => Promise<void>,
  { first, giveUpAfterMs = Number.POSITIVE_INFINITY, signal }: LinkOptions,
): Promise<LinkEnd> {
  const contact = new Contact(clock, (fact) => store?.dispatch({ type: 'local', fact }));
  let client: ApiClient | undefined = first ?? (await link.open());
  for (let attempt = 0; !signal.aborted; attempt++) {
    const since = clock.monotonic();
    try {
      client ??= await orAborted(link.open(), signal);
      contact.made();
      await task(client);
      return 'done';
    } catch (error) {
      if (signal.aborted) return 'done';
      if (!(error instanceof LinkError)) throw error;
      client = undefined;
      if (clock.monotonic() - since > GOOD_MS) attempt = 0;
      const retryInMs = backoffMs(attempt, random);
      const leftMs = giveUpAfterMs - contact.failed(error.message, retryInMs);
      if (leftMs <= 0) return 'no-contact';
      await clock.sleep(Math.min(retryInMs, leftMs), signal);
    }
  }
  return 'done';
}

/** A host that drops every packet lets an attempt wait for long; who has had enough does not. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', onAbort));
}

/** Since when there has been no contact, and how often that was told. */
class Contact {
  readonly #clock: Clock;
  readonly #tell: (fact: LocalFact) => void;
  /** On the monotonic clock; null while there is contact. */
  #lostAt: number | null = null;
  #tellAfterMs = FIRST_TOLD_MS;

  constructor(clock: Clock, tell: (fact: LocalFact) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  made(): void {
    if (this.#lostAt !== null) this.#tell({ type: 'link_restored', at: this.#clock.now() });
    this.#lostAt = null;
  }

  /** Gives how long there has been no contact. Milliseconds. */
  failed(reason: string, retryInMs: number): number {
    const at = this.#clock.now();
    if (this.#lostAt === null) {
      this.#lostAt = this.#clock.monotonic();
      this.#tellAfterMs = FIRST_TOLD_MS;
      this.#tell({ type: 'link_lost', reason, retryInMs, at });
      return 0;
    }
    const durationMs = Math.round(this.#clock.monotonic() - this.#lostAt);
    if (durationMs >= this.#tellAfterMs) {
      this.#tell({ type: 'no_contact', reason, durationMs, at });
      while (this.#tellAfterMs <= durationMs) this.#tellAfterMs += Math.min(this.#tellAfterMs, LAST_TOLD_MS);
    }
    return durationMs;
  }
}
