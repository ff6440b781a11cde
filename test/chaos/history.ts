/** Reads off a world that has come to rest what the checker wants to know. */
import type { Results } from '@buildbot/shared';
import type { BuildRecord, History, LogRecord, RequestRecord } from './checker.ts';
import type { Job } from './jobs.ts';
import { jobOfReason } from './submitter.ts';
import type { ChaosWorld } from './world.ts';

interface BuildSetRow {
  bsid: number;
  external_idstring: string | null;
  reason: string;
}
interface RequestRow {
  buildrequestid: number;
  buildsetid: number;
  complete: boolean;
  results: number;
}
interface BuildRow {
  buildid: number;
  buildrequestid: number;
  builderid: number;
  number: number;
  complete: boolean;
  results: Results | null;
  state_string: string;
}
interface StepRow {
  stepid: number;
  number: number;
}
interface LogRow {
  logid: number;
  name: string;
  complete: boolean;
}

export type Recorded = Pick<History, 'requests' | 'builds' | 'logs'>;

/** Requests, builds and logs of all jobs; those of last builds (probes) are left out. */
export async function readRecords(world: ChaosWorld, jobs: readonly Job[]): Promise<Recorded> {
  const { api } = world;
  const { buildsets } = await api.get<{ buildsets: BuildSetRow[] }>('/api/v2/buildsets');
  const { buildrequests } = await api.get<{ buildrequests: RequestRow[] }>('/api/v2/buildrequests');
  const { builds } = await api.get<{ builds: BuildRow[] }>('/api/v2/builds');
  const { builders } = await api.get<{ builders: { builderid: number; name: string }[] }>('/api/v2/builders');
  const jobOfSet = new Map(buildsets.map((set) => [set.bsid, jobOfBuildSet(set)]));
  const builderNames = new Map(builders.map(({ builderid, name }) => [builderid, name]));
  const requests = buildrequests
    .map((row) => requestRecord(row, jobOfSet.get(row.buildsetid) ?? ''))
    .filter(({ jobId }) => !isProbe(jobId));
  const jobOfRequest = new Map(requests.map(({ requestId, jobId }) => [requestId, jobId]));
  const own = builds.filter(({ buildrequestid }) => jobOfRequest.has(buildrequestid));
  const records = own.map((row): BuildRecord => {
    const name = `${builderNames.get(row.builderid)}.${row.number}`;
    const { buildid, buildrequestid, complete, results, state_string } = row;
    return {
      buildId: buildid,
      requestId: buildrequestid,
      name,
      complete,
      results,
      stateString: state_string,
    };
  });
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const jobOf = new Map(records.map((b) => [b.buildId, byId.get(jobOfRequest.get(b.requestId) ?? '')]));
  return { requests, builds: records, logs: await readLogs(world, jobOf) };
}

const PROBE = 'probe ';

/** The reason that a last build on a worker has. */
export function probeReason(worker: string): string {
  return `${PROBE}${worker}`;
}

function isProbe(jobId: string): boolean {
  return jobId.startsWith(PROBE);
}

function jobOfBuildSet({ external_idstring, reason }: BuildSetRow): string {
  return external_idstring ?? jobOfReason(reason) ?? reason;
}

function requestRecord(row: RequestRow, jobId: string): RequestRecord {
  const { buildrequestid, complete, results } = row;
  return { requestId: buildrequestid, jobId, complete, results };
}

/** The logs of each build's steps, compared with what their scripts printed. */
async function readLogs(
  { api, texts }: ChaosWorld,
  jobOf: ReadonlyMap<number, Job | undefined>,
): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (const [buildId, job] of jobOf) {
    const { steps } = await api.get<{ steps: StepRow[] }>(`/api/v2/builds/${buildId}/steps`);
    for (const { stepid, number } of steps) {
      const { logs } = await api.get<{ logs: LogRow[] }>(`/api/v2/steps/${stepid}/logs`);
      const log = logs.find(({ name }) => name === 'stdio');
      if (log === undefined) continue;
      const truth = Buffer.concat((job?.steps[number]?.texts ?? []).map((n) => texts[n] as Buffer));
      const bytes = await api.bytes(`/api/v2/logs/${log.logid}/raw`);
      const matches = compare(bytes, truth);
      records.push({ buildId, step: number, complete: log.complete, bytes: bytes.length, matches });
    }
  }
  return records;
}

/** How a log stands to the truth. */
export function compare(log: Uint8Array, truth: Uint8Array): LogRecord['matches'] {
  if (log.length > truth.length) return 'differs';
  if (Buffer.compare(log, truth.subarray(0, log.length)) !== 0) return 'differs';
  return log.length === truth.length ? 'whole' : 'prefix';
}
