/**
 * Time left, from past successful builds: the median of each step's duration with the range of the middle 80 %.
 * Pure, and shared, so that the server's answer and the client's ticking clock come from the same rule.
 */

/** Fewer past builds than this give no estimate. */
const MIN_SAMPLES = 3;

/** A middle value and the range that holds 80 % of past ones. Milliseconds. */
export interface Range {
  low: number;
  middle: number;
  high: number;
}

/** What is known of a builder's past: see `estimateResourceSchema`. */
export interface Profile {
  samples: number;
  total: Range | null;
  steps: ({ name: string } & Range)[];
}

/** One past successful build: durations of its steps in order, and of the whole. Milliseconds. */
export interface PastBuild {
  totalMs: number;
  steps: { name: string; durationMs: number }[];
}

/** How far a running build is. Milliseconds. */
export interface Progress {
  elapsedMs: number;
  finished: ReadonlySet<string>;
  running: { name: string; elapsedMs: number } | null;
}

/** Quantile by linear interpolation over sorted values; `q` from 0 to 1. */
function quantile(sorted: readonly number[], q: number): number {
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)] ?? 0;
  const above = sorted[Math.ceil(position)] ?? below;
  return below + (above - below) * (position - Math.floor(position));
}

function rangeOf(values: readonly number[]): Range {
  const sorted = [...values].sort((a, b) => a - b);
  return { low: quantile(sorted, 0.1), middle: quantile(sorted, 0.5), high: quantile(sorted, 0.9) };
}

/** Sum up past successful builds, newest first. Steps that the newest build does not have are left out. */
export function profileOf(past: readonly PastBuild[]): Profile {
  const newest = past[0];
  if (newest === undefined || past.length < MIN_SAMPLES)
    return { samples: past.length, total: null, steps: [] };
  const durations = new Map<string, number[]>();
  for (const build of past) {
    for (const step of build.steps)
      durations.set(step.name, [...(durations.get(step.name) ?? []), step.durationMs]);
  }
  return {
    samples: past.length,
    total: rangeOf(past.map((build) => build.totalMs)),
    steps: newest.steps.map(({ name }) => ({ name, ...rangeOf(durations.get(name) ?? []) })),
  };
}

/** What is left of a running build, never below zero; `null` when the past says too little. */
export function remaining(profile: Profile, progress: Progress): Range | null {
  if (profile.total === null) return null;
  const left: Range = { low: 0, middle: 0, high: 0 };
  for (const step of profile.steps) {
    if (progress.finished.has(step.name)) continue;
    const done = progress.running?.name === step.name ? progress.running.elapsedMs : 0;
    left.low += Math.max(0, step.low - done);
    left.middle += Math.max(0, step.middle - done);
    left.high += Math.max(0, step.high - done);
  }
  return left;
}

/** Share of the whole that is done, 0 to 1, `null` without an estimate. Never 1 before the end. */
export function fractionDone(profile: Profile, progress: Progress): number | null {
  const left = remaining(profile, progress);
  if (left === null) return null;
  const whole = progress.elapsedMs + left.middle;
  return whole <= 0 ? 0 : Math.min(0.99, progress.elapsedMs / whole);
}
