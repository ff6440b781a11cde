/** `stop`, `cancel` and `rebuild`: what is asked of the master, and the line that says what came of it. */
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

/** Gives the number of the new build set. @throws UserError when there is no such build */
export async function rebuild(client: ApiClient, reference: BuildReference): Promise<number> {
  await findBuild(client, reference);
  return buildSetOf(await client.control(pathOfBuild(reference), 'rebuild', {}));
}

function endedAlready(name: string, results: number | null): string {
  return `${name} has ended already (${verdictText(finalResults(results))})`;
}
