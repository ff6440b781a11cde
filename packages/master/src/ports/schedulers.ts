/** The schedulers of the configuration in force, with the ids that the store gave to them and their builders. */
import type { PropertyValue } from '@buildbot/shared';

export interface SchedulerPlan {
  schedulerId: number;
  name: string;
  type: 'try' | 'force';
  /** What it may build, in the order of the configuration. */
  builders: readonly { builderId: number; name: string }[];
  properties: Readonly<Record<string, PropertyValue>>;
  priority: number;
  /** The highest priority that may be asked for. */
  maxPriority: number;
}
