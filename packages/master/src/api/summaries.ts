/** Answers that fill a whole screen in one call. The event number is read first: what follows it is never missed. */
import type { BuildRequestState, BuildSetSummaryResource, Query, StatusResource } from '@buildbot/shared';
import { EVERYTHING } from '@buildbot/shared';
import type { ApiDeps } from './deps.ts';
import type { EventHub } from './events/event-hub.ts';
import type { Plural, RowOf } from './resources.ts';
import type { Reader } from './routes/reader.ts';
import { equals } from './routes/relations.ts';

/** Requests shown at most of those that wait for a worker, and of those that wait for a person. */
const QUEUE_HEAD = 200;

export interface SummaryDeps {
  deps: ApiDeps;
  hub: EventHub;
  reader: Reader;
}

function idsOf<T>(rows: readonly T[], id: (row: T) => number): number[] {
  return [...new Set(rows.map(id))];
}

/** Rows whose `field` is one of the values, by id; none without a value, and no question to the store either. */
async function among<P extends Plural>(reader: Reader, plural: P, field: string, values: number[]) {
  return values.length === 0 ? [] : reader.all(plural, [equals(field, ...values)]);
}

/** One build set with everything below it. `read` finds it, or throws. */
export async function buildSetSummary(
  { deps, hub, reader }: SummaryDeps,
  read: () => Promise<RowOf<'buildsets'>>,
): Promise<BuildSetSummaryResource> {
  const event_number = hub.newest;
  const buildset = await read();
  const buildrequests = await reader.all('buildrequests', [equals('buildsetid', buildset.bsid)]);
  const builderIds = idsOf(buildrequests, (request) => request.builderid);
  const builds = await among(
    reader,
    'builds',
    'buildrequestid',
    idsOf(buildrequests, (request) => request.buildrequestid),
  );
  const steps = await among(
    reader,
    'steps',
    'buildid',
    idsOf(builds, (build) => build.buildid),
  );
  return {
    event_number,
    buildset,
    buildrequests,
    builders: await among(reader, 'builders', 'builderid', builderIds),
    builds,
    steps,
    logs: await among(
      reader,
      'logs',
      'stepid',
      idsOf(steps, (step) => step.stepid),
    ),
    estimates: await Promise.all(builderIds.map((id) => deps.estimates.estimate(id))),
  };
}

async function lastBuild(reader: Reader, builderId: number): Promise<RowOf<'builds'>[]> {
  const scope = { filters: [equals('builderid', builderId), equals('complete', true)], keep: null };
  const order = [{ field: 'number', descending: true }];
  return (await reader.page('builds', scope, { ...EVERYTHING, order, limit: 1, counted: false })).rows;
}

/** The first requests in a state, of equals the oldest first. */
function requestsIn(reader: Reader, state: BuildRequestState, first: Query['order']) {
  const order = [...first, { field: 'buildrequestid', descending: false }];
  const scope = { filters: [equals('state', state)], keep: null };
  return reader.page('buildrequests', scope, { ...EVERYTHING, order, limit: QUEUE_HEAD });
}

/** How things stand now. */
export async function status({ deps, hub, reader }: SummaryDeps): Promise<StatusResource> {
  const event_number = hub.newest;
  const [builders, workers, builds, masters, queue, shelf] = await Promise.all([
    reader.all('builders', []),
    reader.all('workers', []),
    reader.all('builds', [equals('complete', false)]),
    reader.all('masters', [equals('masterid', deps.masterId)]),
    requestsIn(reader, 'pending', [{ field: 'priority', descending: true }]),
    requestsIn(reader, 'shelved', []),
  ]);
  const configured = builders.filter((builder) => builder.masterids.length > 0);
  return {
    event_number,
    title: deps.title,
    master: masters[0] ?? null,
    draining: deps.queue.isDraining,
    builders: configured,
    workers,
    builds,
    steps: await among(
      reader,
      'steps',
      'buildid',
      idsOf(builds, (build) => build.buildid),
    ),
    last_builds: (await Promise.all(configured.map(({ builderid }) => lastBuild(reader, builderid)))).flat(),
    buildrequests: queue.rows,
    pending: queue.total,
    shelved: shelf.rows,
  };
}
