/** Counts finished builds as they come, and how long they took, for `/metrics`. */
import { type BuildResource, resultName } from '@buildbot/shared';
import type { Metric, MetricSource } from '../ports/metrics.ts';
import type { Service } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import { onFinishedBuilds } from './finished-builds.ts';
import { Histogram } from './histogram.ts';
import { Lifecycle } from './lifecycle.ts';

/** From seconds to hours: what farms build, roughly doubled each time. */
const BOUNDS_S = [5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400];

export class BuildCounters implements Service, MetricSource {
  readonly name = 'build counters';
  readonly #store: Store;
  /** By result and whether the infrastructure failed, as JSON. */
  readonly #counts = new Map<string, number>();
  readonly #durations = new Histogram(BOUNDS_S);
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
    const builds: Metric = { name: 'buildbot_builds_total', help, type: 'counter', samples };
    const took = 'How long builds took that have ended since the master started.';
    return [builds, this.#durations.metric('buildbot_build_duration_seconds', took)];
  }

  async #open(): Promise<void> {
    this.#unsubscribe = onFinishedBuilds(this.#store, (build) => this.#see(build));
  }

  async #close(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  #see({ results, infrastructure, started_at_ms, complete_at_ms }: BuildResource): void {
    this.#durations.see(((complete_at_ms ?? started_at_ms) - started_at_ms) / 1000);
    const labels = JSON.stringify({
      result: resultName(results),
      infrastructure: infrastructure ? 'yes' : 'no',
    });
    this.#counts.set(labels, (this.#counts.get(labels) ?? 0) + 1);
  }
}
