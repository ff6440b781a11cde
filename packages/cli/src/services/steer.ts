/** `stop`, `cancel` and `rebuild`: what is asked of the master, and the line that says what came of it. */
import { UserError } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import { finalResults, verdictText } from '../view/verdict.ts';
import {
  type BuildReference,
  buildSetOf,
  findBuild,
  findRequest,
  nameOfBuild,
  pathOfBuild,
} from './build-reference.ts';

/** A build that has ended is left alone: there is nothing to do. @throws UserError when there is no such build */
export async function stopBuild(
  client: ApiClient,
  reference: BuildReference,
  reason: string,
): Promise<string> {
  const build = await findBuild(client, reference);
  const name = `build ${nameOfBuild(reference)}`;
  if (build.complete) return endedAlready(name, build.results);
  await client.control(pathOfBuild(reference), 'stop', { reason });
  return `stopping ${name}: ${reason}`;
}

/** Takes a request out of the queue, or stops its build. @throws UserError when there is no such request */
export async function cancelRequest(client: ApiClient, id: number, reason: string): Promise<string> {
  const request = await findRequest(client, id);
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

/** Takes requests off the shelf, one line for each. @throws UserError when there is no such request */
export async function unshelve(client: ApiClient, ids: readonly number[]): Promise<string[]> {
  const lines: string[] = [];
  for (const id of ids) {
    const { state, complete, results } = await findRequest(client, id);
    if (state === 'shelved') await client.control(`buildrequests/${id}`, 'unshelve', {});
    lines.push(
      complete
        ? endedAlready(`request ${id}`, results)
        : state === 'shelved'
          ? `request ${id} is tried again`
          : `request ${id} is not shelved`,
    );
  }
  return lines;
}

/** All that is on the shelf. Those of others are left there: it is for them, or an administrator, to decide. */
export async function unshelveAll(client: ApiClient): Promise<string[]> {
  const shelved = await client.resources('buildrequests', 'buildrequests?state=shelved');
  const lines: string[] = [];
  for (const { buildrequestid: id } of shelved) {
    try {
      lines.push(...(await unshelve(client, [id])));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      lines.push(`request ${id} stays: ${error.message}`);
    }
  }
  return lines.length === 0 ? ['nothing is shelved'] : lines;
}

/** What a worker lost is forgotten: it gets builds again. @throws UserError when there is no such worker */
export async function trustWorker(client: ApiClient, name: string): Promise<string> {
  const workers = await client.resources('workers');
  const worker = workers.find((known) => known.name === name);
  if (worker === undefined)
    throw new UserError(`there is no worker '${name}'`, { hint: "'buildbot workers' lists them." });
  await client.control(`workers/${worker.workerid}`, 'trust', {});
  return worker.suspect == null ? `worker ${name} was not suspect` : `worker ${name} gets builds again`;
}

/** Gives the number of the new build set. @throws UserError when there is no such build */
export async function rebuild(client: ApiClient, reference: BuildReference): Promise<number> {
  await findBuild(client, reference);
  return buildSetOf(await client.control(pathOfBuild(reference), 'rebuild', {}));
}

function endedAlready(name: string, results: number | null): string {
  return `${name} has ended already (${verdictText(finalResults(results))})`;
}
