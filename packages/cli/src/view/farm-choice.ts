/** The part of the farm that was asked for: the same state with less in it, so that every face shows the same part. */
import type { BuildResource } from '@buildbot/shared';
import type { Known, Table, ViewState } from './state.ts';

export interface FarmChoice {
  /** Names; none stands for all. */
  builders: readonly string[];
  workers: readonly string[];
  /** Only what the person who watches has sent. */
  mine: boolean;
  /** Only builders whose last build failed, or that it kept from ending in a verdict. */
  failed: boolean;
}

export const WHOLE_FARM: FarmChoice = { builders: [], workers: [], mine: false, failed: false };

export function chosenFarm(state: ViewState, choice: FarmChoice): ViewState {
  const { mine } = state;
  if (isWhole(choice)) return state;
  const workers = filter(state.workers, ({ name, configured_on }) =>
    choice.workers.length > 0
      ? choice.workers.includes(name)
      : choice.builders.length === 0 ||
        configured_on.some(({ builderid }) => isNamed(state, builderid, choice)),
  );
  const lent = new Set(
    [...workers.values()].flatMap(({ value }) => value.configured_on.map(({ builderid }) => builderid)),
  );
  const mayBe = (builderId: number) =>
    isNamed(state, builderId, choice) && (choice.workers.length === 0 || lent.has(builderId));
  const isOwn = (requestId: number | null) =>
    !choice.mine || (requestId !== null && mine?.has(requestId) === true);
  const builds = filter(
    state.builds,
    (build) =>
      mayBe(build.builderid) &&
      isOwn(build.buildrequestid) &&
      (choice.workers.length === 0 || workers.has(build.workerid)),
  );
  const requests = filter(
    state.requests,
    ({ builderid, buildrequestid }) => mayBe(builderid) && isOwn(buildrequestid),
  );
  const failing = choice.failed ? failingBuilders(builds) : null;
  const used = new Set([...builds.values(), ...requests.values()].map(({ value }) => value.builderid));
  const isShown = (builderId: number) =>
    mayBe(builderId) && (!choice.mine || used.has(builderId)) && (failing === null || failing.has(builderId));
  return {
    ...state,
    workers,
    builders: filter(state.builders, ({ builderid }) => isShown(builderid)),
    builds: filter(builds, ({ builderid }) => isShown(builderid)),
    requests: filter(requests, ({ builderid }) => isShown(builderid)),
  };
}

function isWhole({ builders, workers, mine, failed }: FarmChoice): boolean {
  return builders.length === 0 && workers.length === 0 && !mine && !failed;
}

function filter<T>(table: Table<T>, isWanted: (value: T) => boolean): Table<T> {
  return new Map([...table].filter(([, { value }]) => isWanted(value)));
}

function isNamed({ builders }: ViewState, builderId: number, choice: FarmChoice): boolean {
  return choice.builders.length === 0 || choice.builders.includes(builders.get(builderId)?.value.name ?? '');
}

function failingBuilders(builds: Table<BuildResource>): Set<number> {
  const last = new Map<number, BuildResource>();
  for (const { value } of builds.values() as Iterable<Known<BuildResource>>)
    if (value.complete && value.buildid > (last.get(value.builderid)?.buildid ?? 0))
      last.set(value.builderid, value);
  return new Set([...last.values()].flatMap((build) => (hasFailed(build) ? [build.builderid] : [])));
}

/** It failed, or something kept it from ending in a verdict. */
export function hasFailed({ complete, results }: BuildResource): boolean {
  return complete && (results === 2 || results === 4);
}
