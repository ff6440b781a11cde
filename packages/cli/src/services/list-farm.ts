/** The builders and workers of a master as rows and as columns of text. */
import { type BuilderItem, displayWidth, sanitizeName, type WorkerItem } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import { availabilityText } from '../view/availability-text.ts';
import { verdictText } from '../view/verdict.ts';

/** Builders that the master is configured with now, and how they stand. */
export async function listBuilders(client: ApiClient): Promise<BuilderItem[]> {
  const [builders, workers, running, requests] = await Promise.all([
    client.resources('builders'),
    client.resources('workers'),
    client.resources('builds', 'builds?complete=false'),
    client.resources('buildrequests', 'buildrequests?complete=false&claimed=false'),
  ]);
  const configured = builders.filter(({ masterids }) => masterids.length > 0);
  return Promise.all(
    configured.map(async ({ builderid, name, tags, description }) => ({
      builderId: builderid,
      name,
      tags,
      description,
      last: await lastBuild(client, builderid),
      running: running.filter((build) => build.builderid === builderid).length,
      waiting: requests.filter(({ builderid: id, state }) => id === builderid && state !== 'shelved').length,
      workers: workers
        .filter((worker) => worker.configured_on.some((place) => place.builderid === builderid))
        .map((worker) => worker.name),
    })),
  );
}

/** Names alone, in one request. */
export async function listBuilderNames(client: ApiClient): Promise<string[]> {
  const builders = await client.resources('builders');
  return builders.filter(({ masterids }) => masterids.length > 0).map(({ name }) => name);
}

async function lastBuild(client: ApiClient, builderId: number): Promise<BuilderItem['last']> {
  const path = `builders/${builderId}/builds?complete=true&order=-number&limit=1`;
  const [build] = await client.resources('builds', path);
  if (build === undefined || build.results === null) return null;
  return { buildId: build.buildid, number: build.number, results: build.results };
}

export async function listWorkers(client: ApiClient): Promise<WorkerItem[]> {
  return (await client.resources('workers')).map((worker) => ({
    workerId: worker.workerid,
    name: worker.name,
    connected: worker.connected_to.length > 0,
    // A real Buildbot does not know these.
    availability: worker.availability ?? null,
    availabilityRule: worker.availability_rule ?? null,
    availabilityReason: worker.availability_reason ?? null,
    availabilityUntil: worker.availability_until ?? null,
    paused: worker.paused,
    graceful: worker.graceful ?? false,
    admin: worker.workerinfo.admin ?? null,
    host: worker.workerinfo.host ?? null,
    runningBuilds: worker.running_builds ?? null,
    version: worker.workerinfo.version ?? null,
    tags: worker.tags ?? [],
    suspect: worker.suspect ?? null,
    awaySince: worker.away_since ?? null,
    missingSince: worker.missing_since ?? null,
  }));
}

/** Name, last result, what runs and waits, workers. */
export function builderLines(builders: readonly BuilderItem[]): string[] {
  return columns([
    ['BUILDER', 'LAST', 'RUNNING', 'WAITING', 'WORKERS'],
    ...builders.map(({ name, last, running, waiting, workers }) => [
      name,
      last === null ? '-' : `#${last.number} ${verdictText(last.results)}`,
      String(running),
      String(waiting),
      workers.length === 0 ? '-' : workers.join(','),
    ]),
  ]);
}

/** Name, whether it is there, whether it may be used and by which rule, what runs, its version, and whom to ask. */
export function workerLines(workers: readonly WorkerItem[], now: number): string[] {
  const optional = [
    { title: 'ADMIN', of: (worker: WorkerItem) => worker.admin ?? '' },
    { title: 'HOST', of: (worker: WorkerItem) => worker.host ?? '' },
    { title: 'NOTE', of: noteOf },
  ].filter((column) => workers.some((worker) => column.of(worker) !== ''));
  return columns([
    ['WORKER', 'STATE', 'AVAILABILITY', 'RUNNING', 'VERSION', ...optional.map(({ title }) => title)],
    ...workers.map((worker) => [
      worker.name,
      stateOf(worker),
      availabilityOf(worker, now),
      String(worker.runningBuilds ?? '-'),
      worker.version ?? '-',
      ...optional.map((column) => column.of(worker)),
    ]),
  ]);
}

function availabilityOf(worker: WorkerItem, now: number): string {
  const { availability, availabilityRule, availabilityReason, availabilityUntil } = worker;
  if (availability === null) return '-';
  const [availability_rule, availability_reason] = [availabilityRule ?? '', availabilityReason];
  const availability_until = availabilityUntil;
  return availabilityText({ availability, availability_rule, availability_reason, availability_until }, now);
}

/** `host down`: it gets no builds until it is trusted again, or somebody has looked at it. */
function stateOf({ suspect, missingSince, connected, graceful, paused }: WorkerItem): string {
  if (suspect !== null || missingSince !== null) return 'host down';
  if (!connected) return 'offline';
  return graceful ? 'leaving' : paused ? 'paused' : 'connected';
}

function noteOf({ suspect, awaySince }: WorkerItem): string {
  if (suspect !== null) return `no builds until ${timeText(suspect.until)}: ${suspect.reason}`;
  return awaySince === null ? '' : `away since ${timeText(awaySince)}`;
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** For other programs: one per line, and nothing else. */
export function nameLines(items: readonly { name: string }[]): string[] {
  return items.map(({ name }) => sanitizeName(name, { maxLength: 200 }));
}

/** Cells come from outside and are made fit for a terminal here. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const clean = rows.map((row) => row.map((cell) => sanitizeName(cell, { maxLength: 200 })));
  const widths = (clean[0] ?? []).map((_, column) =>
    Math.max(...clean.map((row) => displayWidth(row[column] ?? ''))),
  );
  return clean.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - displayWidth(cell)))
      .join('  ')
      .trimEnd(),
  );
}
