/** Which past builds of a builder tell something about a failure: those of the same sources, of its base, of its branch. */

/** What one codebase of a build was made of. */
export interface BuiltSource {
  codebase: string;
  branch: string | null;
  /** What was built, as far as it is known. */
  revision: string | null;
  /** SHA-256 of the patch on top of it; `null` for none. */
  patch: string | null;
}

/** One build of the builder that came to a verdict. */
export interface BuiltSources {
  buildId: number;
  sources: readonly BuiltSource[];
}

/** How a build stands to the one whose failure is judged. */
export interface Kinship {
  /** Of the very same sources. */
  isSame: boolean;
  /** Of the revision that the patch is made against, without any patch. */
  isBase: boolean;
  /** Of the same branch, without any patch. */
  isBranch: boolean;
}

/** Relatives of each kind that are looked at. */
const MOST_NEAR = 10;
const MOST_OF_BRANCH = 20;

/** `own` as seen from `other`; `null` when that says nothing about it. */
export function kinshipOf(own: readonly BuiltSource[], other: readonly BuiltSource[]): Kinship | null {
  const pairs = own.map(
    (source) => [source, other.find(({ codebase }) => codebase === source.codebase)] as const,
  );
  const all = (test: (mine: BuiltSource, theirs: BuiltSource) => boolean) =>
    own.length > 0 &&
    own.length === other.length &&
    pairs.every(([mine, theirs]) => theirs !== undefined && test(mine, theirs));
  const isPlain = other.every(({ patch }) => patch === null);
  const isRevision = all((mine, theirs) => mine.revision !== null && mine.revision === theirs.revision);
  const isSame = isRevision && all((mine, theirs) => mine.patch === theirs.patch);
  const isBase = isPlain && isRevision;
  const isBranch = isPlain && all((mine, theirs) => mine.branch === theirs.branch);
  return isSame || isBase || isBranch ? { isSame, isBase, isBranch } : null;
}

export type Relative = Kinship & { buildId: number };

/** The relatives of a build among `others`, the newest first, and no more of them than are needed. */
export function relativesOf(own: BuiltSources, others: readonly BuiltSources[]): Relative[] {
  const kin = others
    .filter(({ buildId }) => buildId !== own.buildId)
    .toSorted((a, b) => b.buildId - a.buildId)
    .flatMap(({ buildId, sources }): Relative[] => {
      const kinship = kinshipOf(own.sources, sources);
      return kinship === null ? [] : [{ buildId, ...kinship }];
    });
  const first = (test: (one: Relative) => boolean, most: number) => kin.filter(test).slice(0, most);
  const chosen = new Set([
    ...first(({ isSame }) => isSame, MOST_NEAR),
    ...first(({ isBase }) => isBase, MOST_NEAR),
    // What came later on the branch may have been broken by others, or mended.
    ...first(({ isBranch, buildId }) => isBranch && buildId < own.buildId, MOST_OF_BRANCH),
  ]);
  return kin.filter((one) => chosen.has(one));
}
