/** What the past of a builder says about its next build. */
import type { EstimateResource } from '@buildbot/shared';

export interface Estimates {
  /** Figures over the builder's newest successful builds; `total` is null while there are too few of them. */
  estimate(builderId: number): Promise<EstimateResource>;
}
