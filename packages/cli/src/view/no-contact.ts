/** How long the link has been gone, from the facts of this client. */
import { formatDuration } from '@buildbot/shared';
import type { ViewState } from './state.ts';

/** Milliseconds since the link was lost; null while there is one. */
export function noContactMs({ local }: ViewState, now: number): number | null {
  const last = local.findLast(({ type }) => type === 'link_lost' || type === 'link_restored');
  return last?.type === 'link_lost' ? Math.max(0, now - last.at) : null;
}

/** The time as of which all is told: now, or when the link was lost. Epoch milliseconds. */
export function toldAt(state: ViewState, now: number): number {
  return now - (noContactMs(state, now) ?? 0);
}

/** A break of a moment is nothing to count. */
const COUNTED_MS = 10_000;

export function noContactText(ms: number): string {
  if (ms < COUNTED_MS) return 'connection lost, reconnecting';
  return `no contact for ${formatDuration(Math.floor(ms / 1000) * 1000)}, reconnecting`;
}
