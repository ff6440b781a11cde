/** A fact as it is told: that a build has begun goes with how long it will take, as far as past builds say. */
import type { Fact } from './facts.ts';
import type { ViewState } from './state.ts';
import { estimateOf } from './try-view.ts';

export function withEstimate(state: ViewState, fact: Fact, now: number): Fact {
  if (fact.type !== 'build_started') return fact;
  const build = state.builds.get(fact.build.buildId)?.value;
  if (build === undefined || build.complete) return fact;
  const { left, samples } = estimateOf(state, build.builderid, build, now);
  return { ...fact, left, samples };
}
