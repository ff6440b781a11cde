/** A worker's availability with the rule that decided it, as every face shows it. */
import { sanitizeName, untilText, verdictText, type WorkerResource } from '@buildbot/shared';

type Shown = Pick<WorkerResource, 'availability'> & Partial<WorkerResource>;

/** `unavailable (worker's admin: maintenance, until 18:00)`, fit for a terminal; `-` for a master that does not say. */
export function availabilityText(worker: Shown, now: number): string {
  const { availability, availability_rule: rule, availability_reason: reason, availability_until } = worker;
  // A real Buildbot knows none of these.
  if (availability === undefined) return '-';
  const until = availability_until == null ? null : availability_until * 1000;
  const verdict = { availability, rule: rule ?? '', reason: reason ?? null, until };
  return sanitizeName(
    verdictText(verdict, (at) => untilText(at, now)),
    { maxLength: 300 },
  );
}
