/** One build with everything below it, in one call. The event number is read first: what follows it is never missed. */
import type { BuildSummaryResource } from '@buildbot/shared';
import { failureDigest } from './failures/digest.ts';
import type { RowOf } from './resources.ts';
import { equals } from './routes/relations.ts';
import type { SummaryDeps } from './summaries.ts';

const HEAD_LINES = 20;
const MOST_HEADS = 100;

/** `read` finds the build with its properties, or throws. */
export async function buildSummary(
  { deps, hub, reader }: SummaryDeps,
  read: () => Promise<RowOf<'builds'>>,
): Promise<BuildSummaryResource> {
  const event_number = hub.newest;
  const build = await read();
  const ofBuild = [equals('buildid', build.buildid)];
  const [steps, test_result_sets, requests, builders, workers] = await Promise.all([
    reader.all('steps', ofBuild),
    reader.all('test_result_sets', ofBuild),
    reader.all('buildrequests', [equals('buildrequestid', build.buildrequestid)]),
    reader.all('builders', [equals('builderid', build.builderid)]),
    reader.all('workers', [equals('workerid', build.workerid)]),
  ]);
  const stepIds = steps.map(({ stepid }) => stepid);
  const logs = stepIds.length === 0 ? [] : await reader.all('logs', [equals('stepid', ...stepIds)]);
  return {
    event_number,
    build,
    buildrequest: requests[0] ?? null,
    builder: builders[0] ?? null,
    worker: workers[0] ?? null,
    steps,
    logs: await withHeads(deps, logs),
    test_result_sets,
    failure_digest: await failureDigest({ store: deps.store, reader }, build),
    estimate: await deps.estimates.estimate(build.builderid),
  };
}

async function withHeads({ store }: SummaryDeps['deps'], logs: readonly RowOf<'logs'>[]) {
  const found: BuildSummaryResource['logs'] = [];
  for (const [index, log] of logs.entries()) {
    const hasHead = index < MOST_HEADS && (log.type === 's' || log.type === 't');
    const head = hasHead ? await store.readLogLines(log.logid, 0, HEAD_LINES) : '';
    found.push({ ...log, head });
  }
  return found;
}
