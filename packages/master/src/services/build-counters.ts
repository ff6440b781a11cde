/** Counts finished builds as they come, for `/metrics`. */
import { type BuildResource, resultName } from '@buildbot/shared';
import type { Metric, MetricSource } from '../ports/metrics.ts';
import type { Service } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import { onFinishedBuilds } from './finished-builds.ts';
import { Lifecycle } from './lifecycle.ts';

export class BuildCounters implements Service, MetricSource {
  readonly name = 'build counters';
  readonly #store: Store;
  /** By result and whether the infrastructure failed, as JSON. */
  readonly #counts = new Map<string, number>();
  readonly #lifecycle = new Lifecycle({ start: () => this.#open(), stop: () => this.#close() });
  #unsubscribe: (() => void) | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  async read(): Promise<Metric[]> {
    const samples = [...this.#counts].map(([labels, value]) => ({ labels: JSON.parse(labels), value }));
    const help = 'Builds that have ended since the master started, infrastructure failures told apart.';
    return [{ name: 'buildbot_builds_total', help, type: 'counter', samples }];
  }

  async #open(): Promise<void> {
    this.#unsubscribe = onFinishedBuilds(this.#store, (build) => this.#see(build));
  }

  async #close(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  #see({ results, infrastructure }: BuildResource): void {
    const labels = JSON.stringify({
      result: resultName(results),
      infrastructure: infrastructure ? 'yes' : 'no',
    });
    this.#counts.set(labels, (this.#counts.get(labels) ?? 0) + 1);
  }
}
