/** The builders and workers of a master as rows and as columns of text. */
import { displayWidth, sanitizeName } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';

export interface BuilderItem {
  builderId: number;
  name: string;
  tags: readonly string[];
  description: string | null;
}

/** Builders that the master is configured with now. */
export async function listBuilders(client: ApiClient): Promise<BuilderItem[]> {
  const builders = await client.resources('builders');
  return builders
    .filter(({ masterids }) => masterids.length > 0)
    .map(({ builderid, name, tags, description }) => ({ builderId: builderid, name, tags, description }));
}

export interface WorkerItem {
  workerId: number;
  name: string;
  connected: boolean;
  availability: string | null;
  paused: boolean;
  runningBuilds: number | null;
  version: string | null;
  tags: readonly string[];
}

export async function listWorkers(client: ApiClient): Promise<WorkerItem[]> {
  return (await client.resources('workers')).map((worker) => ({
    workerId: worker.workerid,
    name: worker.name,
    connected: worker.connected_to.length > 0,
    // A real Buildbot does not know these.
    availability: worker.availability ?? null,
    paused: worker.paused,
    runningBuilds: worker.running_builds ?? null,
    version: worker.workerinfo.version ?? null,
    tags: worker.tags ?? [],
  }));
}

export function builderLines(builders: readonly BuilderItem[]): string[] {
  return columns(builders.map(({ name, tags, description }) => [name, tags.join(' '), description ?? '']));
}

export function workerLines(workers: readonly WorkerItem[]): string[] {
  return columns(
    workers.map((worker) => [
      worker.name,
      !worker.connected ? 'offline' : worker.paused ? 'paused' : (worker.availability ?? 'connected'),
      worker.runningBuilds === null ? '' : `${worker.runningBuilds} running`,
      worker.version ?? '',
      worker.tags.join(' '),
    ]),
  );
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
