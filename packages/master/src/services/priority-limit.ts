/** How urgent somebody may call what they ask of a scheduler. Less urgent than the scheduler's own is always fine. */
import type { SchedulerPlan } from '../ports/schedulers.ts';

/** Why this priority is not given, `null` when it is, or when none is asked for. */
export function priorityProblem(
  { name, maxPriority }: Pick<SchedulerPlan, 'name' | 'maxPriority'>,
  asked: number | null,
): string | null {
  if (asked === null || asked <= maxPriority) return null;
  return `the priority ${asked} is above what the scheduler '${name}' allows, which is ${maxPriority}`;
}
