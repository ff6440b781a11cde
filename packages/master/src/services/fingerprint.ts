/** The fingerprint of a recipe: digests, because what is configured may hold secrets and the database must not. */
import { createHash } from 'node:crypto';
import type { Fingerprint } from '../core/fingerprint.ts';
import type { Recipe } from '../ports/recipe.ts';

/** `workerProperties` are those that the configuration gives to builds on the build's worker. */
export function fingerprintOf(recipe: Recipe, workerProperties: Recipe['properties']): Fingerprint {
  const { env, properties } = recipe;
  return {
    settings: digestOf({ env, properties, workerProperties }),
    steps: recipe.steps.map(({ rules, written }) => ({ name: rules.name, digest: digestOf(written) })),
  };
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value, sorted)).digest('hex');
}

/** The order in which keys are written means nothing. */
function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
