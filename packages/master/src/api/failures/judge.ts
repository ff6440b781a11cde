/** Whose failure it is, asked of the store: which builds are related is found once for a build, what they say once a step. */
import type { Mark } from '@buildbot/shared';
import { relativesOf } from '../../core/failures/kinship.ts';
import { markOf } from '../../core/failures/mark.ts';
import { observe } from '../../core/failures/observe.ts';
import type { Store } from '../../ports/store.ts';

export interface Verdict {
  step: Mark;
  /** By name. */
  tests: ReadonlyMap<string, Mark>;
}

/** Judges a failed step of the build and these failed tests of it. */
export type Judge = (step: string, tests: readonly string[]) => Promise<Verdict>;

export async function judgeOf(
  store: Pick<Store, 'builtSources' | 'pastSteps'>,
  buildId: number,
): Promise<Judge> {
  const known = await store.builtSources(buildId);
  const relatives = known === null ? [] : relativesOf(known.own, known.others);
  const buildIds = relatives.map((relative) => relative.buildId);
  return async (step, tests) => {
    const found =
      buildIds.length === 0 ? [] : await store.pastSteps({ buildIds, step, tests: [...new Set(tests)] });
    const past = new Map(found.map((one) => [one.buildId, one]));
    const mark = (test: string | null) => markOf(observe(test, relatives, past));
    return { step: mark(null), tests: new Map(tests.map((test) => [test, mark(test)])) };
  };
}
