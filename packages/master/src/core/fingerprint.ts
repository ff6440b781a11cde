/**
 * Whether a build that an earlier process of the master began may go on by the configuration of now. What it has behind
 * it and the step it is in must be what they were; steps that come later may be others.
 */

/** What a build began with: a digest of the builder's settings, and of each step as it is written. */
export interface Fingerprint {
  /** Environment and properties, of the builder and of the worker. */
  settings: string;
  steps: readonly { name: string; digest: string }[];
}

/** Why a build that has come to step `current` cannot go on, for people; `null` when it can. */
export function recipeChange(before: Fingerprint, now: Fingerprint, current: number): string | null {
  if (before.settings !== now.settings)
    return 'the environment or the properties of the builder were changed while the master was away';
  for (const [index, { name, digest }] of before.steps.slice(0, current + 1).entries()) {
    const other = now.steps[index];
    if (other?.name !== name || other.digest !== digest)
      return `step '${name}' was changed in the configuration while the master was away`;
  }
  return null;
}
