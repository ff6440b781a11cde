/** Every path of the table becomes a route: one handler per kind of answer, and none per path. */
import type { Log } from '@buildbot/shared';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, Handler } from 'hono';
import { buildSummary } from '../build-summary.ts';
import type { ControlHandler } from '../control/control-handler.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import type { EventHub } from '../events/event-hub.ts';
import { failureDigest } from '../failures/digest.ts';
import { envelope, pageEnvelope } from '../http/answer.ts';
import { badRequest, notFound } from '../http/api-error.ts';
import { logContents } from '../logs/contents-route.ts';
import { rawLog } from '../logs/raw-route.ts';
import type { Row } from '../query/apply-query.ts';
import { type ParsedQuery, parseQuery, parseSingleQuery } from '../query/parse-query.ts';
import { type Plural, RESOURCE_TYPES, type RowOf } from '../resources.ts';
import { applicationSpec, rootLinks } from '../spec.ts';
import { buildSetSummary, status } from '../summaries.ts';
import {
  BUILD_SUMMARIES,
  COLLECTIONS,
  FAILURE_DIGESTS,
  LOG_CONTENTS,
  type PathSet,
  PROPERTY_LISTS,
  PROPERTY_MAPS,
  RAW_INLINE_LOGS,
  RAW_LOGS,
  SINGLES,
} from './paths.ts';
import { propertyList, propertyMap } from './properties.ts';
import type { Reader } from './reader.ts';
import { type Params, walk, walkToRow } from './walk.ts';

export interface RouteDeps {
  deps: ApiDeps;
  hub: EventHub;
  reader: Reader;
  control: ControlHandler;
}

/** Rows of one answer, whatever its `limit`: what is told of them is held in memory. `meta.total` says that there are more. */
const MOST_ROWS = 5000;

type App = OpenAPIHono<AppEnv>;
type Route = Handler<AppEnv>;

/** `builds/{buildid}` in Hono's way: `builds/:buildid`. */
function honoPath(template: string): string {
  return template.replaceAll(/\{(\w+)\}/g, ':$1');
}

function searchOf(c: Context<AppEnv>): URLSearchParams {
  return new URL(c.req.url).searchParams;
}

function paramsOf(c: Context<AppEnv>): Params {
  return c.req.param();
}

/** Only the selected fields, all without a selection. */
function selected(rows: readonly Row[], { fields }: ParsedQuery): readonly Row[] {
  if (fields === null) return rows;
  return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => fields.has(name))));
}

function collection({ reader }: RouteDeps, resource: Plural, template: string): Route {
  return async (c) => {
    const parsed = parseQuery(searchOf(c), RESOURCE_TYPES[resource].fields);
    const scope = await walk(reader, template, paramsOf(c));
    const limit = Math.min(parsed.query.limit ?? MOST_ROWS, MOST_ROWS);
    const { rows, total } = await reader.page(resource, scope, { ...parsed.query, limit }, parsed.properties);
    return await pageEnvelope(c, resource, selected(rows, parsed), total);
  };
}

function single({ reader }: RouteDeps, resource: Plural, template: string): Route {
  return async (c) => {
    const parsed = parseSingleQuery(searchOf(c), RESOURCE_TYPES[resource].fields);
    const row = await walkToRow(reader, template, paramsOf(c), parsed.properties);
    return envelope(c, resource, selected([row], parsed));
  };
}

function noQuery(c: Context<AppEnv>): void {
  for (const key of searchOf(c).keys()) throw badRequest(`unrecognized query parameter '${key}'`);
}

/** Template of the object that a derived path (`…/raw`) belongs to. */
function ownerOf(template: string): string {
  return template.slice(0, template.lastIndexOf('/'));
}

async function logAt({ deps, reader }: RouteDeps, c: Context<AppEnv>, template: string): Promise<Log> {
  const row = (await walkToRow(reader, ownerOf(template), paramsOf(c))) as RowOf<'logs'>;
  const log = await deps.store.log(row.logid);
  if (log === null) throw notFound(template, paramsOf(c));
  return log;
}

function rawRoute(routes: RouteDeps, template: string, disposition: 'attachment' | 'inline'): Route {
  return async (c) => rawLog(c, routes, { log: await logAt(routes, c, template), disposition });
}

function properties({ deps, reader }: RouteDeps, template: string, asList: boolean): Route {
  return async (c) => {
    noQuery(c);
    const row = await walkToRow(reader, ownerOf(template), paramsOf(c));
    return asList
      ? envelope(c, '_properties', await propertyList(deps.store, row))
      : envelope(c, 'properties', [await propertyMap(deps.store, row)]);
  };
}

function digest({ deps, reader }: RouteDeps, template: string): Route {
  return async (c) => {
    noQuery(c);
    const build = (await walkToRow(reader, ownerOf(template), paramsOf(c))) as RowOf<'builds'>;
    return envelope(c, 'failure_digests', [await failureDigest({ store: deps.store, reader }, build)]);
  };
}

function wholeBuild(routes: RouteDeps, template: string): Route {
  return async (c) => {
    noQuery(c);
    const read = () => walkToRow(routes.reader, ownerOf(template), paramsOf(c), ['*']);
    const summary = await buildSummary(routes, async () => (await read()) as RowOf<'builds'>);
    return envelope(c, 'build_summaries', [summary]);
  };
}

function ownRoutes(routes: RouteDeps): Record<string, Route> {
  const { reader, deps } = routes;
  return {
    '': (c) => envelope(c, 'rootlinks', rootLinks(), rootLinks().length),
    'application.spec': (c) => envelope(c, 'specs', applicationSpec(), applicationSpec().length),
    status: async (c) => {
      noQuery(c);
      return envelope(c, 'statuses', [await status(routes)]);
    },
    'buildsets/{bsid}/summary': async (c) => {
      noQuery(c);
      const read = () => walkToRow(reader, 'buildsets/{bsid}', paramsOf(c)) as Promise<RowOf<'buildsets'>>;
      return envelope(c, 'summaries', [await buildSetSummary(routes, read)]);
    },
    'builders/{builder}/estimate': async (c) => {
      noQuery(c);
      const builder = (await walkToRow(reader, 'builders/{builder}', paramsOf(c))) as RowOf<'builders'>;
      return envelope(c, 'estimates', [await deps.estimates.estimate(builder.builderid)]);
    },
  };
}

function eachPath(sets: readonly PathSet[], visit: (resource: Plural, template: string) => void): void {
  for (const { resource, paths } of sets) for (const template of paths) visit(resource, template);
}

/** Hang every route below `prefix` into the application. */
export function registerRoutes(app: App, prefix: string, routes: RouteDeps): void {
  const at = (template: string) => (template === '' ? prefix : `${prefix}/${honoPath(template)}`);
  for (const [template, route] of Object.entries(ownRoutes(routes))) app.get(at(template), route);
  for (const template of BUILD_SUMMARIES) app.get(at(template), wholeBuild(routes, template));
  for (const template of FAILURE_DIGESTS) app.get(at(template), digest(routes, template));
  for (const template of LOG_CONTENTS) {
    app.get(at(template), async (c) => logContents(c, routes.deps, await logAt(routes, c, template)));
  }
  for (const template of RAW_LOGS) app.get(at(template), rawRoute(routes, template, 'attachment'));
  for (const template of RAW_INLINE_LOGS) app.get(at(template), rawRoute(routes, template, 'inline'));
  eachPath(PROPERTY_MAPS, (_, template) => app.get(at(template), properties(routes, template, false)));
  eachPath(PROPERTY_LISTS, (_, template) => app.get(at(template), properties(routes, template, true)));
  eachPath(COLLECTIONS, (resource, template) => {
    app.get(at(template), collection(routes, resource, template));
    app.post(at(template), routes.control.unsupported);
  });
  eachPath(SINGLES, (resource, template) => {
    app.get(at(template), single(routes, resource, template));
    app.post(at(template), routes.control.onObject(resource, template));
  });
}
