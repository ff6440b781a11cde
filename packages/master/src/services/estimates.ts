/**
 * Estimates per builder from its past. Made when first asked for and kept until a build of that builder finishes, so that
 * a hundred watchers cost one reading.
 */
import { type EstimateResource, profileOf } from '@buildbot/shared';
import type { Estimates } from '../ports/estimates.ts';
import type { Service } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import { onFinishedBuilds } from './finished-builds.ts';
import { Lifecycle } from './lifecycle.ts';

/** Newest successful builds that an estimate stands on. */
const SAMPLES = 20;

export class PastEstimates implements Service, Estimates {
  readonly name = 'estimates';
  readonly #store: Store;
  readonly #known = new Map<number, Promise<EstimateResource>>();
  readonly #lifecycle = new Lifecycle({ start: () => this.#open(), stop: () => this.#close() });
  #unsubscribe: (() => void) | null = null;

  constructor(deps: { store: Store }) {
    this.#store = deps.store;
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  async estimate(builderId: number): Promise<EstimateResource> {
    // Without the events nothing would ever tell that what is known is out of date.
    if (this.#unsubscribe === null) return await this.#make(builderId);
    const known = this.#known.get(builderId);
    if (known !== undefined) return await known;
    const making = this.#make(builderId);
    this.#known.set(builderId, making);
    making.catch(() => this.#known.delete(builderId));
    return await making;
  }

  async #make(builderId: number): Promise<EstimateResource> {
    return { builderid: builderId, ...profileOf(await this.#store.pastBuilds(builderId, SAMPLES)) };
  }

  async #open(): Promise<void> {
    this.#unsubscribe = onFinishedBuilds(this.#store, ({ builderid }) => this.#known.delete(builderid));
  }

  async #close(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    this.#known.clear();
  }
}
