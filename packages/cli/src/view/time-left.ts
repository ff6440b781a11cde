/** Time left in words that promise no more than is known. */
import { formatDuration, type Range } from '@buildbot/shared';

/** `~3m–5m left (12 past builds)`, or that there is no estimate yet and why. */
export function timeLeftText(left: Range | null, samples: number): string {
  if (left === null) return samples === 0 ? 'no estimate yet' : `no estimate yet (${pastBuilds(samples)})`;
  if (left.high <= 0) return 'longer than usual';
  const range = `${seconds(left.low)}–${seconds(left.high)}`;
  return `~${seconds(left.middle)} left (${range}, ${pastBuilds(samples)})`;
}

/** The same without the range, for a row. */
export function shortTimeLeft(left: Range | null): string {
  if (left === null) return '';
  return left.high <= 0 ? 'overdue' : `~${seconds(left.middle)}`;
}

function pastBuilds(samples: number): string {
  return samples === 1 ? '1 past build' : `${samples} past builds`;
}

/** Rounded up, for tenths claim too much; one way for all, so that the middle never stands outside its range. */
function seconds(ms: number): string {
  return formatDuration(Math.ceil(ms / 1000) * 1000);
}
