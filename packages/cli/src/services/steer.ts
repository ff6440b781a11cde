/** `stop`, `cancel`, `rebuild` and orders to workers: what is asked of the master, and the line that says what came of it. */
import { sanitizeName, UserError } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import { finalResults, verdictText } from '../view/verdict.ts';
import type { OnceParams } from './ask-once.ts';
import type { BuildReference, RequestReference } from './build-reference.ts';
import { findBuild, findNamedRequest, findRequest } from './find-build.ts';
import { buildSetOf } from './force.ts';

/** A build that has ended is left alone: there is nothing to do. @throws UserError when there is no such build */
export async function stopBuild(
  client: ApiClient,
  reference: BuildReference,
  reason: string,
): Promise<string> {
  const found = await findBuild(client, reference);
  const { build } = found;
  const name = `build ${found.name}`;
  if (build.complete) return endedAlready(name, build.results);
  await client.control(`builds/${build.buildid}`, 'stop', { reason });
  const worker = (await client.resources('workers')).find(({ workerid }) => workerid === build.workerid);
  const isAway = worker !== undefined && worker.connected_to.length === 0;
  const when = isAway
    ? ` (worker ${sanitizeName(worker.name)} is away: it ends when that is back or given up)`
    : '';
  return `stopping ${name}: ${reason}${when}`;
}

/** Takes a request out of the queue, or stops its build. @throws UserError when there is no such request */
export async function cancelRequest(
  client: ApiClient,
  reference: RequestReference,
  reason: string,
): Promise<string> {
  const request = await findNamedRequest(client, reference);
  const id = request.buildrequestid;
  // A real Buildbot does not know who.
  if (request.stopped_by != null)
    return sanitizeName(
      `request ${id} is cancelled already by ${request.stopped_by}: ${request.stop_reason ?? 'no reason given'}`,
      { maxLength: 300 },
    );
  if (request.complete) return endedAlready(`request ${id}`, request.results);
  await client.control(`buildrequests/${id}`, 'cancel', { reason });
  return `cancelling request ${id}: ${reason}`;
}

/** Ids or all of them, never both and never nothing. */
export function wantedRequests(ids: readonly number[], all: boolean): readonly number[] | 'all' {
  if (all === ids.length > 0)
    throw new UserError(all ? '--all goes without ids' : 'which requests?', {
      hint: 'buildbot unshelve 17, or: buildbot unshelve --all',
    });
  return all ? 'all' : ids;
}

/** What came of one request; false when it was not on the shelf. */
export interface Unshelved {
  line: string;
  isDone: boolean;
}

/** Takes requests off the shelf. @throws UserError when there is no such request */
export async function unshelve(client: ApiClient, ids: readonly number[]): Promise<Unshelved[]> {
  const all: Unshelved[] = [];
  for (const id of ids) all.push(await unshelveOne(client, id));
  return all;
}

async function unshelveOne(client: ApiClient, id: number): Promise<Unshelved> {
  const { state, complete, results } = await findRequest(client, id);
  if (complete) return { line: endedAlready(`request ${id}`, results), isDone: false };
  if (state !== 'shelved') return { line: `request ${id} is not shelved`, isDone: false };
  await client.control(`buildrequests/${id}`, 'unshelve', {});
  return { line: `request ${id} is tried again`, isDone: true };
}

/** All that is on the shelf. Those of others are left there: it is for them, or an administrator, to decide. */
export async function unshelveAll(client: ApiClient): Promise<Unshelved[]> {
  const shelved = await client.resources('buildrequests', 'buildrequests?state=shelved');
  const all: Unshelved[] = [];
  for (const { buildrequestid: id } of shelved) {
    try {
      all.push(await unshelveOne(client, id));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      all.push({ line: `request ${id} stays: ${error.message}`, isDone: true });
    }
  }
  return all.length === 0 ? [{ line: 'nothing is shelved', isDone: true }] : all;
}

/** What a worker lost is forgotten: it gets builds again. @throws UserError when there is no such worker */
export async function trustWorker(client: ApiClient, name: string): Promise<string> {
  const worker = await findWorker(client, name);
  await client.control(`workers/${worker.workerid}`, 'trust', {});
  return worker.suspect == null ? `worker ${name} was not suspect` : `worker ${name} gets builds again`;
}

/** What an administrator of the master asks of a worker, and what then happens. */
const WORKER_ORDERS = {
  pause: 'gets no new builds',
  unpause: 'gets builds again',
  stop: 'gets no new builds, and leaves when those that run have ended',
  kill: 'is sent away, and the builds on it are lost',
} as const;

export type WorkerOrder = keyof typeof WORKER_ORDERS;

/** @throws UserError when there is no such worker */
export async function orderWorker(
  client: ApiClient,
  name: string,
  { order, reason }: { order: WorkerOrder; reason: string },
): Promise<string> {
  const { workerid } = await findWorker(client, name);
  await client.control(`workers/${workerid}`, order, { reason });
  return `worker ${sanitizeName(name)} ${WORKER_ORDERS[order]}: ${reason}`;
}

async function findWorker(client: ApiClient, name: string) {
  const worker = (await client.resources('workers')).find((known) => known.name === name);
  if (worker !== undefined) return worker;
  throw new UserError(`there is no worker '${sanitizeName(name)}'`, {
    hint: "'buildbot workers' lists them.",
  });
}

/** Gives the number of the new build set. @throws UserError when there is no such build */
export async function rebuild(
  client: ApiClient,
  reference: BuildReference,
  once: OnceParams = {},
): Promise<number> {
  const { build } = await findBuild(client, reference);
  return buildSetOf(await client.control(`builds/${build.buildid}`, 'rebuild', { ...once }));
}

function endedAlready(name: string, results: number | null): string {
  return `${name} has ended already (${verdictText(finalResults(results))})`;
}
