/**
 * Feeds a store with everything about one build set until it is complete or waits for a person: one summary, then events
 * from its number on, and again from the last number after a break. A real Buildbot has neither; there the same
 * resources are asked for every two seconds.
 */
import { type BuildResource, type BuildSetSummaryResource, matchesPath } from '@buildbot/shared';
import { type ApiClient, NotFound } from '../client/api-client.ts';
import type { LocalFact } from '../view/messages.ts';
import { tableOfEvent } from '../view/reduce.ts';
import type { ViewState } from '../view/state.ts';
import { isOver } from '../view/try-view.ts';
import { findBuildSet } from './find-build.ts';
import { type LinkDeps, type LinkEnd, stayLinked } from './stay-linked.ts';
import type { ViewStore } from './view-store.ts';
import { withFreshReasons } from './waiting-reasons.ts';

const POLL_MS = 2000;

/** A graceful stop of the master has begun. */
const DRAINING = 'masters/*/draining';

function drainingNote(at: number): LocalFact {
  const text =
    '… the master is being stopped: it starts nothing more, and ends when the builds that run have ended';
  return { type: 'note', text, at };
}

export interface FollowInput {
  buildSetId: number;
  /** A client that is open already. */
  first?: ApiClient | undefined;
  giveUpAfterMs?: number | undefined;
  signal: AbortSignal;
  /** Is given each client in use, for logs and control. */
  onClient: (client: ApiClient) => void;
  /** Resolves when also what is read beside the events has come to its end. @throws LinkError */
  settled?: (() => Promise<void>) | undefined;
}

/** Resolves when the build set is complete, `signal` aborts, or there was no contact for too long. */
export async function followBuildSet(
  deps: LinkDeps & { store: ViewStore },
  { buildSetId, first, giveUpAfterMs, signal, onClient, settled = async () => {} }: FollowInput,
): Promise<LinkEnd> {
  const { store, clock } = deps;
  let position: number | null = null;
  const isComplete = () => isOver(store.state);
  return stayLinked(
    deps,
    async (client) => {
      onClient(client);
      const readSummary = async () => {
        const [summary] = (await client.get(
          `buildsets/${buildSetId}/summary`,
          'summaries',
          signal,
        )) as BuildSetSummaryResource[];
        if (summary === undefined) throw new NotFound(`the master has no build set ${buildSetId}`);
        const workers = await client.resources('workers', 'workers', signal);
        store.dispatch({ type: 'workers', n: summary.event_number, workers });
        store.dispatch({ type: 'summary', summary });
        position = summary.event_number;
      };
      try {
        if (position === null) await readSummary();
      } catch (error) {
        if (!(error instanceof NotFound)) throw error;
        return poll(client, {
          buildSetId,
          store,
          signal,
          isComplete,
          sleep: () => clock.sleep(POLL_MS, signal),
        });
      }
      if (isComplete()) return settled();
      const path = `buildrequests?buildsetid=${buildSetId}`;
      await withFreshReasons(client, { store, clock, path, signal }, async () => {
        for await (const told of client.events(pathsOf(buildSetId), position, signal)) {
          if ('resync' in told) await readSummary();
          else if (matchesPath(DRAINING, told.k))
            store.dispatch({ type: 'local', fact: drainingNote(clock.now()) });
          else if (isAbout(store.state, told.k, told.m)) store.dispatch({ type: 'event', event: told });
          position = Math.max(position ?? 0, told.n ?? 0);
          if (isComplete()) return;
        }
      });
      if (isComplete()) return settled();
    },
    { first, giveUpAfterMs, signal },
  );
}

/** Builds of other sets come along, since a build's path does not name its set; `isAbout` passes over them. */
function pathsOf(buildSetId: number): string[] {
  return [
    `buildsets/${buildSetId}/complete`,
    `buildsets/${buildSetId}/builders/*/buildrequests/*/*`,
    'builds/*/new',
    'builds/*/update',
    'builds/*/finished',
    'builds/*/steps/*/*',
    'logs/*/new',
    'logs/*/finished',
    'workers/*/*',
    DRAINING,
  ];
}

/** Whether an event is about something below the set. Events come in order: a parent is known before its parts. */
function isAbout(state: ViewState, path: string, body: unknown): boolean {
  const has = (field: string, table: ReadonlyMap<number, unknown>) =>
    table.has(Number((body as Record<string, unknown>)?.[field]));
  switch (tableOfEvent(path)) {
    case 'builds':
      return has('buildrequestid', state.requests);
    case 'steps':
      return has('buildid', state.builds);
    case 'logs':
      return has('stepid', state.steps);
    case 'buildSets':
    case 'requests':
    case 'workers':
      return true;
    default:
      return false;
  }
}

interface Polling {
  buildSetId: number;
  store: ViewStore;
  signal: AbortSignal;
  isComplete: () => boolean;
  sleep: () => Promise<void>;
}

async function poll(
  client: ApiClient,
  { buildSetId, store, signal, isComplete, sleep }: Polling,
): Promise<void> {
  for (let round = 0; !signal.aborted; round++) {
    store.dispatch({ type: 'summary', summary: await readByParts(client, buildSetId, round, signal) });
    if (isComplete()) return;
    await sleep();
  }
}

/** What a summary holds, from resources that every Buildbot has; `round` stands for the event number. */
async function readByParts(
  client: ApiClient,
  buildSetId: number,
  round: number,
  signal: AbortSignal,
): Promise<BuildSetSummaryResource> {
  const buildset = await findBuildSet(client, buildSetId, signal);
  const buildrequests = await client.resources(
    'buildrequests',
    `buildrequests?buildsetid=${buildSetId}`,
    signal,
  );
  const builders = await client.resources('builders', 'builders', signal);
  const lists = await Promise.all(
    buildrequests.map((request) =>
      client.resources('builds', `builds?buildrequestid=${request.buildrequestid}`, signal),
    ),
  );
  const builds = lists.flat().map(withOwnFields);
  const steps = await Promise.all(
    builds.map((build) => client.resources('steps', `builds/${build.buildid}/steps`, signal)),
  );
  return {
    event_number: round,
    buildset,
    buildrequests,
    builders,
    builds,
    steps: steps.flat().map(withOwnTimes),
    logs: [],
    estimates: [],
  };
}

/** A real Buildbot has times in seconds only, and none of this project's additions. */
export function withOwnFields(build: BuildResource): BuildResource {
  return {
    ...withOwnTimes(build),
    attempt: build.attempt ?? 1,
    stopped_by: build.stopped_by ?? null,
    stop_reason: build.stop_reason ?? null,
  };
}

interface Timed<S extends number | null> {
  started_at: S;
  complete_at: number | null;
  started_at_ms: S;
  complete_at_ms: number | null;
}

export function withOwnTimes<S extends number | null, T extends Timed<S>>(timed: T): T {
  const ms = (seconds: number | null) => (seconds === null ? null : Math.round(seconds * 1000));
  return {
    ...timed,
    started_at_ms: timed.started_at_ms ?? ms(timed.started_at),
    complete_at_ms: timed.complete_at_ms ?? ms(timed.complete_at),
  };
}
