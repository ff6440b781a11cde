/**
 * Load as a reason to lend the machine out less, as a state machine without a clock: it is told how busy the machine is
 * and how much time has passed. Between `below` and `above` everything stays as it is, so that it does not flap.
 */
import type { LoadRule } from '@buildbot/shared';

/** `calm` and `rising` say nothing; `high` is when the rule holds. */
export type LoadState =
  | { kind: 'calm' }
  /** Above the limit, for `heldMs` so far. */
  | { kind: 'rising'; heldMs: number }
  | { kind: 'high' };

export interface LoadSample {
  /** Load average per processor. */
  load: number;
  /** Since the sample before. */
  elapsedMs: number;
}

export function loadTransition(rule: LoadRule, state: LoadState, sample: LoadSample): LoadState {
  if (state.kind === 'high') return sample.load < rule.below ? { kind: 'calm' } : state;
  if (sample.load <= rule.above) return { kind: 'calm' };
  const heldMs = state.kind === 'rising' ? state.heldMs + sample.elapsedMs : 0;
  return heldMs >= rule.forMs ? { kind: 'high' } : { kind: 'rising', heldMs };
}

/** What the master is told of the load: steps of a quarter, up to this. */
const STEP = 0.25;
const HIGHEST = 16;

/** The step to report after `last`. Another one only when the load is clearly not in the old one any more. */
export function reportedLoad(last: number | null, load: number): number {
  if (last !== null && Math.abs(load - last) <= STEP * 0.75) return last;
  return Math.min(HIGHEST, Math.round(load / STEP) * STEP);
}
