/** A scheduler's row as it is now: whether somebody has switched it off is not a matter of configuration. */
import type { SchedulerResource } from '@buildbot/shared';
import type { Store } from '../ports/store.ts';

export async function schedulerRow(
  store: Store,
  schedulerId: number,
): Promise<SchedulerResource | undefined> {
  const filters = [{ field: 'schedulerid', operator: 'eq' as const, values: [schedulerId] }];
  const { rows } = await store.query('schedulers', { filters, order: [], limit: 1, offset: 0 });
  return rows[0];
}
