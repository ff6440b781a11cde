/** The client of the link that is open now, for what is asked beside the events: logs, orders, forms. */
import type { ApiClient } from '../client/api-client.ts';

export class CurrentClient {
  #client: ApiClient | null = null;
  readonly #waiting = new Set<(client: ApiClient) => void>();

  /** From now on it is this one. */
  use(client: ApiClient): void {
    this.#client = client;
    for (const tell of this.#waiting) tell(client);
    this.#waiting.clear();
  }

  /** Null before the first one. It may be one whose link is lost. */
  get client(): ApiClient | null {
    return this.#client;
  }

  /** Another one than `former`, as soon as there is one. Rejects when `signal` aborts. */
  async other(former: ApiClient | null, signal: AbortSignal): Promise<ApiClient> {
    signal.throwIfAborted();
    if (this.#client !== null && this.#client !== former) return this.#client;
    const { promise, resolve, reject } = Promise.withResolvers<ApiClient>();
    const onAbort = () => reject(signal.reason);
    this.#waiting.add(resolve);
    signal.addEventListener('abort', onAbort, { once: true });
    return promise.finally(() => {
      this.#waiting.delete(resolve);
      signal.removeEventListener('abort', onAbort);
    });
  }
}
