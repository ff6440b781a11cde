/** Version of the worker protocol and how the two ends agree on one. */

/** Versions this code speaks. Raise `max` for an incompatible change; keep the old one alive in tests. */
export const PROTOCOL_VERSIONS = { min: 1, max: 1 } as const;

export interface VersionRange {
  min: number;
  max: number;
}

/** The highest version both ends speak, or `null` when they have none in common. */
export function negotiateVersion(a: VersionRange, b: VersionRange): number | null {
  const version = Math.min(a.max, b.max);
  return version >= Math.max(a.min, b.min) ? version : null;
}
