/**
 * What there is to list on the full screen: builders, queue and workers as items in their order, without their details,
 * which are worked out for those on the screen alone (`farm-rows.ts`). So 200 builders cost what 40 rows cost.
 */
import {
  type BuilderResource,
  type BuildRequestResource,
  type BuildResource,
  sanitizeName,
  type WorkerResource,
} from '@buildbot/shared';
import type { ViewState } from './state.ts';
import { isWaiting } from './waiting.ts';

const SECTIONS = ['builders', 'queue', 'workers'] as const;
export type Section = (typeof SECTIONS)[number];

export const SORTS = ['state', 'name', 'last'] as const;
/** `state`: what runs first, then what waits, then what failed. `last`: what happened last first. */
export type Sort = (typeof SORTS)[number];

export interface ListWishes {
  /** Part of a name, in any case. */
  filter: string;
  sort: Sort;
  folded: readonly Section[];
}

/** `key` is the item's own for as long as it is listed. */
export type FarmItem = { key: string; section: Section } & (
  | { kind: 'heading'; count: number; isFolded: boolean }
  | { kind: 'builder'; builder: BuilderResource; running: BuildResource | null; last: BuildResource | null }
  | { kind: 'request'; request: BuildRequestResource }
  | { kind: 'worker'; worker: WorkerResource }
);

export type BuilderItem = Extract<FarmItem, { kind: 'builder' }>;

/** `b2` comes before `b10`. */
const byName = new Intl.Collator('en', { numeric: true });

export function farmItems(state: ViewState, wishes: ListWishes): FarmItem[] {
  const wanted = wishes.filter.toLowerCase();
  const isWanted = (name: string) => wanted === '' || name.toLowerCase().includes(wanted);
  const lists: Record<Section, FarmItem[]> = {
    builders: builderItems(state, isWanted, wishes.sort),
    queue: queueItems(state, isWanted),
    workers: workerItems(state, isWanted),
  };
  return SECTIONS.flatMap((section) => {
    const isFolded = wishes.folded.includes(section);
    const count = lists[section].length;
    const heading: FarmItem = { key: section, section, kind: 'heading', count, isFolded };
    return isFolded ? [heading] : [heading, ...lists[section]];
  });
}

/** The name of a request's builder, fit for a terminal. */
export function builderNameOf(state: ViewState, builderId: number): string {
  return sanitizeName(state.builders.get(builderId)?.value.name ?? `builder ${builderId}`, { maxLength: 70 });
}

/** A builder is listed once for each of its builds that run, else once. */
function builderItems(state: ViewState, isWanted: (name: string) => boolean, sort: Sort): BuilderItem[] {
  const { running, last } = newestBuilds(state);
  const waiting = new Set(waitingRequests(state).map(({ builderid }) => builderid));
  const items = [...state.builders.values()].flatMap(({ value: builder }) => {
    if (!isWanted(builder.name)) return [];
    const ended = last.get(builder.builderid) ?? null;
    const builds = running.get(builder.builderid) ?? [null];
    return builds.map((build): BuilderItem => {
      const key = `builder/${builder.builderid}${build === null ? '' : `/${build.buildid}`}`;
      return { key, section: 'builders', kind: 'builder', builder, running: build, last: ended };
    });
  });
  const compare: Record<Sort, (a: BuilderItem, b: BuilderItem) => number> = {
    state: (a, b) => urgency(b, waiting) - urgency(a, waiting),
    name: () => 0,
    last: (a, b) => lastMoment(b) - lastMoment(a),
  };
  return items.sort((a, b) => compare[sort](a, b) || byName.compare(a.builder.name, b.builder.name));
}

function newestBuilds(state: ViewState) {
  const running = new Map<number, BuildResource[]>();
  const last = new Map<number, BuildResource>();
  for (const { value: build } of state.builds.values()) {
    const { builderid } = build;
    if (!build.complete) running.set(builderid, [...(running.get(builderid) ?? []), build]);
    else if (build.buildid > (last.get(builderid)?.buildid ?? 0)) last.set(builderid, build);
  }
  for (const builds of running.values()) builds.sort((a, b) => a.buildid - b.buildid);
  return { running, last };
}

function urgency({ builder, running, last }: BuilderItem, waiting: ReadonlySet<number>): number {
  if (running !== null) return 3;
  if (waiting.has(builder.builderid)) return 2;
  return last?.results === 2 || last?.results === 4 ? 1 : 0;
}

function lastMoment({ running, last }: BuilderItem): number {
  return running?.started_at_ms ?? last?.complete_at_ms ?? 0;
}

/** What waits for a worker in the order in which it is served, then what waits for a person. */
function queueItems(state: ViewState, isWanted: (name: string) => boolean): FarmItem[] {
  const all = [...state.requests.values()].map(({ value }) => value);
  const shelved = all.filter((request) => request.state === 'shelved' && !request.complete);
  return [...waitingRequests(state), ...shelved]
    .filter(({ builderid }) => isWanted(builderNameOf(state, builderid)))
    .map((request) => ({
      key: `request/${request.buildrequestid}`,
      section: 'queue',
      kind: 'request',
      request,
    }));
}

/** In the order in which they are served. */
export function waitingRequests(state: ViewState): BuildRequestResource[] {
  return [...state.requests.values()]
    .map(({ value }) => value)
    .filter(isWaiting)
    .sort((a, b) => b.priority - a.priority || a.buildrequestid - b.buildrequestid);
}

function workerItems(state: ViewState, isWanted: (name: string) => boolean): FarmItem[] {
  return [...state.workers.values()]
    .map(({ value }) => value)
    .filter(({ name }) => isWanted(name))
    .sort((a, b) => byName.compare(a.name, b.name))
    .map((worker) => ({ key: `worker/${worker.workerid}`, section: 'workers', kind: 'worker', worker }));
}
