/** Who may build what, by the configuration in force. Made anew when that is another one. */
import type { Eligibility } from '../core/queue/assign.ts';
import type { Recipes } from '../ports/recipe.ts';
import type { WarmCheckouts } from './warm-checkouts.ts';

interface Eligible {
  builders: ReadonlyMap<number, Eligibility>;
  /** Of all builders. */
  names: ReadonlySet<string>;
}

export class EligibleWorkers {
  readonly #recipes: () => Recipes;
  readonly #warm: WarmCheckouts;
  #known: (Eligible & { recipes: Recipes }) | null = null;

  constructor(recipes: () => Recipes, warm: WarmCheckouts) {
    this.#recipes = recipes;
    this.#warm = warm;
  }

  get current(): Eligible {
    const recipes = this.#recipes();
    if (this.#known?.recipes !== recipes) this.#known = { recipes, ...eligibilityOf(recipes, this.#warm) };
    return this.#known;
  }
}

function eligibilityOf(recipes: Recipes, warm: WarmCheckouts): Eligible {
  // Builders with the same workers share one set, by which the assignment knows that they do.
  const shared = new Map<string, ReadonlySet<number>>();
  const builders = new Map<number, Eligibility>();
  const names = new Set<string>();
  for (const { builderId, name, workerIds } of recipes.all()) {
    const key = workerIds.join();
    const interned = shared.get(key) ?? new Set(workerIds);
    shared.set(key, interned);
    builders.set(builderId, { builderId, workerIds: interned, warmWorkerIds: warm.of(builderId) });
    names.add(name);
  }
  return { builders, names };
}
