/** A fact as it is told: that a build has begun goes with how long it will take, as far as past builds say. */
import type { Range } from '@buildbot/shared';
import type { Fact } from './facts.ts';
import type { ViewState } from './state.ts';
import { estimateOf } from './try-view.ts';

/** `left` (milliseconds, null without an estimate) and `samples` (past builds behind it): of a build that begins. */
export type EstimatedFact = Fact & { left?: Range | null; samples?: number };

export function withEstimate(state: ViewState, fact: Fact, now: number): EstimatedFact {
  if (fact.type !== 'build_started') return fact;
  const build = state.builds.get(fact.build.buildId)?.value;
  if (build === undefined || build.complete) return fact;
  const { left, samples } = estimateOf(state, build.builderid, build, now);
  return { ...fact, left, samples };
}
