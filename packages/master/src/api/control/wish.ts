/** What a call is about, as far as rules ask for it: whose build, which builders, which projects. */
import type { Row } from '../query/apply-query.ts';
import type { Reader } from '../routes/reader.ts';
import { equals } from '../routes/relations.ts';
import { parseForce } from './force-params.ts';
import type { RpcRequest } from './json-rpc.ts';
import type { Method } from './methods.ts';
import type { Wish } from './permissions.ts';

/** Id of the build set that a build or request belongs to; `undefined` for everything else. */
async function buildSetIdOf({ all }: Reader, row: Row): Promise<unknown> {
  if (row.buildsetid !== undefined || row.buildrequestid === undefined) return row.buildsetid;
  const [request] = await all('buildrequests', [equals('buildrequestid', row.buildrequestid)]);
  return request?.buildsetid;
}

async function builderNames({ all }: Reader, ids: readonly unknown[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const builders = await all('builders', [equals('builderid', ...ids)]);
  return builders.map(({ name }) => name);
}

/** The builders that a force would start: those it names, or all of its scheduler. */
async function forcedBuilders(reader: Reader, row: Row, params: RpcRequest['params']): Promise<string[]> {
  const { builderNames: names, input } = parseForce(params);
  const named = [...names, ...(await builderNames(reader, input.builderIds))];
  return named.length > 0 ? named : (row.builder_names as string[]);
}

/** `row` is the object that the call is made on; `null` when there is none. */
export async function wishOf(
  reader: Reader,
  { verb }: Method,
  row: Row | null,
  params: RpcRequest['params'],
): Promise<Wish> {
  const nothing: Wish = { verb, submitter: null, builders: [], projects: [] };
  if (row === null) return nothing;
  if (verb === 'force') return { ...nothing, builders: await forcedBuilders(reader, row, params) };
  const bsid = await buildSetIdOf(reader, row);
  if (bsid === undefined) return nothing;
  const [set] = await reader.all('buildsets', [equals('bsid', bsid)]);
  return {
    verb,
    submitter: set?.submitter ?? null,
    builders: row.builderid === undefined ? [] : await builderNames(reader, [row.builderid]),
    projects: set?.sourcestamps.map(({ project }) => project) ?? [],
  };
}
