/** What `--events` tells of the time left whenever something has happened that changes it. */
import type { EstimateEvent } from '@buildbot/shared';
import { isOpen, type TryView } from '../try-view.ts';

/** Null while nothing is queued, and when nothing is left. */
export function estimateNews(view: TryView, at: number): EstimateEvent | null {
  const open = view.rows.filter(isOpen);
  if (open.length === 0 || view.complete) return null;
  return {
    type: 'estimate',
    at,
    left: view.left,
    samples: view.samples,
    builds: open.map(({ builder, requestId, buildId, left, samples }) => ({
      builder,
      requestId,
      buildId,
      left,
      samples,
    })),
  };
}
