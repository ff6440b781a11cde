/** How queue and workers stand, for `/metrics`: read from the store when somebody asks. */
import { type BuildRequestState, EVERYTHING, type Filter, type WorkerResource } from '@buildbot/shared';
import type { Metric, MetricSource } from '../ports/metrics.ts';
import type { Store } from '../ports/store.ts';

/** Those that have small indexes; complete ones are counted as builds. */
const OPEN_STATES: readonly BuildRequestState[] = ['pending', 'claimed', 'shelved'];
const WORKER_STATES = ['connected', 'paused', 'suspect', 'away', 'missing'] as const;
type WorkerState = (typeof WORKER_STATES)[number];

export class FarmGauges implements MetricSource {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async read(): Promise<Metric[]> {
    return [await this.#requests(), ...(await this.#workers())];
  }

  async #requests(): Promise<Metric> {
    const samples = await Promise.all(
      OPEN_STATES.map(async (state) => ({ labels: { state }, value: await this.#requestsIn(state) })),
    );
    const help = 'Build requests that are not complete, by state; shelved ones wait for a person.';
    return { name: 'buildbot_requests', help, type: 'gauge', samples };
  }

  async #requestsIn(state: BuildRequestState): Promise<number> {
    const filters: Filter[] = [
      { field: 'complete', operator: 'eq', values: [false] },
      { field: 'state', operator: 'eq', values: [state] },
    ];
    return (await this.#store.query('buildrequests', { ...EVERYTHING, filters, limit: 1 })).total;
  }

  async #workers(): Promise<Metric[]> {
    const { rows } = await this.#store.query('workers', EVERYTHING);
    const configured = rows.filter(({ configured_on }) => configured_on.length > 0);
    const samples = WORKER_STATES.map((state) => ({
      labels: { state },
      value: configured.filter((worker) => stateOf(worker) === state).length,
    }));
    const running = configured.map(({ name, running_builds }) => ({
      labels: { worker: name },
      value: running_builds,
    }));
    return [
      {
        name: 'buildbot_workers',
        help: 'Workers of some builder, by state; suspect and missing ones are host down.',
        type: 'gauge',
        samples,
      },
      {
        name: 'buildbot_worker_builds',
        help: 'Builds running on a worker.',
        type: 'gauge',
        samples: running,
      },
    ];
  }
}

/** The worst that can be said of it. */
function stateOf({ suspect, missing_since, connected_to, paused }: WorkerResource): WorkerState {
  if (suspect !== null) return 'suspect';
  if (missing_since !== null) return 'missing';
  if (connected_to.length === 0) return 'away';
  return paused ? 'paused' : 'connected';
}
