/** Tells each fact of a growing list once: what every face does that appends. */
import type { Fact } from '../facts.ts';

export class ToldOnce {
  readonly #told = new Set<string>();

  /** The facts that were not given before, in their order. */
  take(facts: readonly Fact[]): Fact[] {
    const fresh = facts.filter(({ key }) => !this.#told.has(key));
    for (const { key } of fresh) this.#told.add(key);
    return fresh;
  }
}
