/** Which build, build request or build set is meant. What could be several is refused, and they are named. */
import {
  type BuildRequestResource,
  type BuildResource,
  type BuildSetResource,
  nearest,
  sanitizeName,
  UserError,
} from '@buildbot/shared';
import { type ApiClient, NotFound } from '../client/api-client.ts';
import type { BuildReference, RequestReference, TryReference } from './build-reference.ts';

/** A build, and its name as the person wrote it or would write it: `17`, `linux/12`. */
export interface FoundBuild {
  build: BuildResource;
  name: string;
}

/** So many are named of those that could be meant. */
const MOST_CANDIDATES = 8;

/** @throws UserError when the master has no such build, or several */
export async function findBuild(client: ApiClient, reference: BuildReference): Promise<FoundBuild> {
  if ('buildId' in reference) return buildOfId(client, reference.buildId);
  if (!('builder' in reference)) return buildOfNumber(client, reference.number);
  if (!('number' in reference)) return buildOfBuilder(client, reference.builder);
  const { builder, number } = reference;
  const name = nameOf(builder, number);
  const [build] = await builds(client, `builders/${encodeURIComponent(builder)}/builds/${number}`);
  return build === undefined ? noSuch(`build ${name}`) : { build, name };
}

async function buildOfId(client: ApiClient, id: number): Promise<FoundBuild> {
  const [build] = await builds(client, `builds/${id}`);
  if (build !== undefined) return { build, name: String(id) };
  // Screens tell the numbers of builds as well as their ids.
  const numbered = await buildsOfNumber(client, id);
  return numbered.length === 0
    ? noSuch(`build ${id}`)
    : noSuch(`build ${id}`, `With the number ${id} there is ${listed(numbered)}.`);
}

async function buildOfNumber(client: ApiClient, number: number): Promise<FoundBuild> {
  const [found, ...others] = await buildsOfNumber(client, number);
  if (found === undefined) return noSuch(`build #${number}`);
  if (others.length === 0) return found;
  return several(`${others.length + 1} builds have the number ${number}`, [found, ...others]);
}

async function buildsOfNumber(client: ApiClient, number: number): Promise<FoundBuild[]> {
  const numbered = await builds(client, `builds?number=${number}&order=-buildid&limit=${MOST_CANDIDATES}`);
  if (numbered.length === 0) return [];
  const builders = new Map(
    (await client.resources('builders')).map(({ builderid, name }) => [builderid, name]),
  );
  return numbered.map((build) => ({
    build,
    name: nameOf(builders.get(build.builderid) ?? String(build.builderid), build.number),
  }));
}

async function buildOfBuilder(client: ApiClient, builder: string): Promise<FoundBuild> {
  const path = `builders/${encodeURIComponent(builder)}/builds`;
  const running = await builds(client, `${path}?complete=false&order=number`);
  const [build] = running.length > 0 ? running : await builds(client, `${path}?order=-number&limit=1`);
  if (build === undefined) return noBuildOf(client, builder);
  const named = running.map((one) => ({ build: one, name: nameOf(builder, one.number) }));
  if (named.length > 1)
    return several(`builder '${sanitizeName(builder)}' has ${named.length} running builds`, named);
  return { build, name: nameOf(builder, build.number) };
}

async function noBuildOf(client: ApiClient, builder: string): Promise<never> {
  const known = (await client.resources('builders')).flatMap(({ builderid, name }) => [
    name,
    String(builderid),
  ]);
  if (known.includes(builder)) throw new UserError(`builder '${sanitizeName(builder)}' has no builds yet`);
  const near = nearest(builder, known);
  throw new UserError(`there is no build and no builder '${sanitizeName(builder, { maxLength: 80 })}'`, {
    hint: near === undefined ? "'buildbot builders' lists them." : `Did you mean '${sanitizeName(near)}'?`,
  });
}

/**
 * A builder stands for the only request that it has in the queue or in work.
 * @throws UserError when there is none, or several
 */
export async function findNamedRequest(
  client: ApiClient,
  reference: RequestReference,
): Promise<BuildRequestResource> {
  if ('requestId' in reference) return findRequest(client, reference.requestId);
  if ('builder' in reference && !('number' in reference)) return openRequestOf(client, reference.builder);
  return requestOf(client, reference);
}

async function requestOf(client: ApiClient, reference: BuildReference): Promise<BuildRequestResource> {
  const { build, name } = await findBuild(client, reference);
  const { buildrequestid } = build;
  return buildrequestid === null ? noSuch(`request of build ${name}`) : findRequest(client, buildrequestid);
}

async function openRequestOf(client: ApiClient, builder: string): Promise<BuildRequestResource> {
  const path = `builders/${encodeURIComponent(builder)}/buildrequests?complete=false&order=buildrequestid`;
  const open = await client.resources('buildrequests', path).catch(noneIfNotFound);
  const [request, ...others] = open;
  if (request !== undefined && others.length === 0) return request;
  const name = sanitizeName(builder, { maxLength: 80 });
  if (request === undefined)
    throw new UserError(`builder '${name}' has no open request`, {
      hint: "'buildbot watch' shows the builds.",
    });
  const candidates = open.map(({ buildrequestid, state }) => `${buildrequestid} (${state})`);
  throw new UserError(`builder '${name}' has ${open.length} open requests`, {
    hint: `Which one? ${shortened(candidates)}.`,
  });
}

/** @throws UserError when the master has no such build request */
export async function findRequest(client: ApiClient, id: number): Promise<BuildRequestResource> {
  const found = await client.resources('buildrequests', `buildrequests/${id}`).catch(noneIfNotFound);
  return found[0] ?? noSuch(`build request ${id}`);
}

/** @throws UserError when the master has no such build set */
export async function findBuildSet(
  client: ApiClient,
  id: number,
  signal?: AbortSignal,
): Promise<BuildSetResource> {
  const found = await client.resources('buildsets', `buildsets/${id}`, signal).catch(noneIfNotFound);
  return found[0] ?? noSuch(`try #${id}`);
}

/** The number of the try that a build belongs to. @throws UserError when there is no such build */
export async function findTry(
  client: ApiClient,
  reference: Exclude<TryReference, { buildSetId: number }>,
): Promise<number> {
  if ('jobId' in reference) return tryOfJob(client, reference.jobId);
  return (await requestOf(client, reference)).buildsetid;
}

async function tryOfJob(client: ApiClient, jobId: string): Promise<number> {
  const path = `buildsets?external_idstring=${encodeURIComponent(jobId)}`;
  const [set] = await client.resources('buildsets', path);
  if (set !== undefined) return set.bsid;
  return noSuch(
    `try of the job ${jobId}`,
    'The master has not taken it in yet, or has refused it: its log says why.',
  );
}

function builds(client: ApiClient, path: string): Promise<BuildResource[]> {
  return client.resources('builds', path).catch(noneIfNotFound);
}

function nameOf(builder: string, number: number): string {
  return sanitizeName(`${builder}/${number}`);
}

function noneIfNotFound(error: unknown): never[] {
  if (error instanceof NotFound) return [];
  throw error;
}

function noSuch(what: string, hint = "'buildbot watch' shows the builds."): never {
  throw new UserError(`there is no ${what}`, { hint });
}

function several(message: string, found: readonly FoundBuild[]): never {
  throw new UserError(message, { hint: `Which one? ${listed(found)}.` });
}

function listed(found: readonly FoundBuild[]): string {
  return shortened(found.map(({ build, name }) => `${name} (id ${build.buildid})`));
}

function shortened(words: readonly string[]): string {
  const shown = words.slice(0, MOST_CANDIDATES).join(', ');
  return words.length > MOST_CANDIDATES ? `${shown} and ${words.length - MOST_CANDIDATES} more` : shown;
}
