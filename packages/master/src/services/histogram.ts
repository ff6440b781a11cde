/** How often something took how long, in the form that monitoring can add up and draw: counts up to growing bounds. */
import type { Metric, Sample } from '../ports/metrics.ts';

export class Histogram {
  readonly #bounds: readonly number[];
  /** Per bound, and one for what is above them all. */
  readonly #counts: number[];
  #sum = 0;

  /** `bounds` grow. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  see(value: number): void {
    const index = this.#bounds.findIndex((bound) => value <= bound);
    const at = index < 0 ? this.#bounds.length : index;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  metric(name: string, help: string): Metric {
    let total = 0;
    const buckets: Sample[] = this.#counts.map((count, index) => {
      total += count;
      return { suffix: '_bucket', labels: { le: String(this.#bounds[index] ?? '+Inf') }, value: total };
    });
    const sum: Sample = { suffix: '_sum', labels: {}, value: this.#sum };
    const count: Sample = { suffix: '_count', labels: {}, value: total };
    return { name, help, type: 'histogram', samples: [...buckets, sum, count] };
  }
}
