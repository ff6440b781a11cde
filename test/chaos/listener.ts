/** A subscriber to all events that comes back after each cut, and keeps the numbers it was told. */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { MasterApi } from './master-api.ts';

/** Every stored event has one of these lengths. */
const ALL = ['*/*', '*/*/*', '*/*/*/*', '*/*/*/*/*', '*/*/*/*/*/*'];

export class Listener {
  readonly #api: MasterApi;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  /** In the order in which they came. */
  readonly numbers: number[] = [];
  /** Request id to the times it was told to be complete. */
  readonly completions = new Map<number, number>();
  /** Times it was told to read everything anew: here nothing is ever removed, so never. */
  resyncs = 0;

  constructor(api: MasterApi) {
    this.#api = api;
    this.#done = this.#follow();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #follow(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      // Away is where a master that was killed is; the next one is asked from where this one stopped.
      await this.#listen().catch(() => undefined);
      await delay(20, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  async #listen(): Promise<void> {
    const query = ALL.map((path) => `path=${path}`).join('&');
    const response = await this.#api.open(`/api/v2/events?${query}&from=0`, {
      headers: { 'last-event-id': String(this.numbers.at(-1) ?? 0) },
      signal: this.#stop.signal,
    });
    let event = 'message';
    for await (const line of createInterface({ input: response })) {
      if (line === '') event = 'message';
      if (line.startsWith('event: ')) event = line.slice(7);
      if (line.startsWith('data: ')) this.#hear(event, line.slice(6));
    }
  }

  #hear(event: string, data: string): void {
    if (event === 'resync') this.resyncs++;
    if (event !== 'message') return;
    const { k, n } = JSON.parse(data) as { k: string; n?: number };
    if (n === undefined) return;
    this.numbers.push(n);
    const [, requestId] = /^buildrequests\/(\d+)\/complete$/.exec(k) ?? [];
    if (requestId === undefined) return;
    const id = Number(requestId);
    this.completions.set(id, (this.completions.get(id) ?? 0) + 1);
  }
}
