/** What `--events` tells of the time left whenever something has happened that changes it. */
import type { Range } from '@buildbot/shared';
import { isOpen, type TryView } from '../try-view.ts';

/** Times are milliseconds, null without an estimate; `samples` are the past builds behind them. */
export interface EstimateNews {
  type: 'estimate';
  /** Epoch milliseconds. */
  at: number;
  /** Until the last open builder ends, queue time apart. */
  left: Range | null;
  samples: number;
  /** Those that have not ended. */
  builds: {
    builder: string;
    requestId: number;
    buildId: number | null;
    left: Range | null;
    samples: number;
  }[];
}

/** Null while nothing is queued, and when nothing is left. */
export function estimateNews(view: TryView, at: number): EstimateNews | null {
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
