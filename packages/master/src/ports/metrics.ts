/**
 * Figures for monitoring. Whoever has some implements `MetricSource` and is listed in `main.ts`; how they travel
 * (`/metrics`) is the API's matter.
 */

export interface Sample {
  /** Behind the name of a histogram: `_bucket`, `_sum`, `_count`. */
  suffix?: string;
  /** Label names to values. No label may take more values than the configuration has names. */
  labels: Readonly<Record<string, string>>;
  value: number;
}

export interface Metric {
  /** `buildbot_builds_total`: what is counted, its unit, `_total` for counters. */
  name: string;
  /** One line. */
  help: string;
  /** A counter only grows, from 0 at each start of the master; a gauge says how things stand now. */
  type: 'counter' | 'gauge' | 'histogram';
  samples: readonly Sample[];
}

export interface MetricSource {
  /** As things are now. */
  read(): Promise<Metric[]>;
}
