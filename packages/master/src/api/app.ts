/** The whole HTTP side as one Hono application: checks first, then the routes of the table, then what is left over. */
import { ExternalError, UserError } from '@buildbot/shared';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import type { Entrance } from './auth/entrance.ts';
import { knockOf } from './auth/heads.ts';
import { loginRoutes } from './auth/login-routes.ts';
import type { People } from './auth/people.ts';
import { tokenRoutes } from './auth/token-routes.ts';
import { uiConfig } from './config-route.ts';
import { controlHandler } from './control/control-handler.ts';
import { INVALID_REQUEST, RpcFailure, rpcError } from './control/json-rpc.ts';
import type { ApiDeps, AppEnv } from './deps.ts';
import type { EventHub } from './events/event-hub.ts';
import { eventsRoute } from './events/events-route.ts';
import { sseListenRoutes } from './events/sse-listen.ts';
import { errorAnswer, jsonAnswer, rpcAnswer } from './http/answer.ts';
import { ApiError, badRequest, invalidPath, outage } from './http/api-error.ts';
import { metricsAnswer } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import { avatarAnswer } from './pages/avatar.ts';
import { pageAnswer } from './pages/page-answer.ts';
import { createReader } from './routes/reader.ts';
import { registerRoutes } from './routes/register.ts';

const API_PREFIX = '/api/v2';

/** Let in who may come in, and say who it is; answer preflights; mark what an allowed page may read. */
function guard(entrance: Entrance): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const caller = entrance.admit(knockOf(c));
    const ended = entrance.endOf(caller);
    c.env = { ...c.env, caller, ...(ended ? { ended } : {}) };
    const origin = c.req.header('origin');
    if (c.req.method === 'OPTIONS') c.res = new Response(null, { status: 204 });
    else await next();
    if (origin === undefined) return;
    c.res.headers.set('Access-Control-Allow-Origin', origin.toLowerCase());
    c.res.headers.set('Access-Control-Allow-Headers', 'Authorization, Content-Type');
    c.res.headers.set('Access-Control-Allow-Methods', 'GET, POST, HEAD');
    c.res.headers.set('Access-Control-Max-Age', '3600');
    c.res.headers.append('Vary', 'Origin');
  };
}

/** What stands behind the prefix, as Buildbot's error texts name it. */
function relativePath(c: Context<AppEnv>): string {
  return c.req.path.replace(/^\/api\/(v2|latest)\/?/, '').slice(0, 200);
}

function failureOf(error: unknown, deps: ApiDeps): ApiError {
  if (error instanceof ApiError) return error;
  // The store refuses the few fields that it cannot filter or order by.
  if (error instanceof UserError) return new ApiError(400, error.message, { cause: error });
  deps.logger.error({ err: error }, 'a request failed');
  if (error instanceof ExternalError) return outage(error);
  return new ApiError(500, 'internal error: the log of the master has more');
}

/** Errors of control calls are JSON-RPC's, all others the envelope's. */
function answerFailure(c: Context<AppEnv>, error: unknown, deps: ApiDeps): Response {
  const failure = failureOf(error, deps);
  if (c.req.method !== 'POST') return errorAnswer(failure);
  return rpcAnswer(
    failure.status,
    rpcError(undefined, new RpcFailure(failure.status, INVALID_REQUEST, failure.message)),
    failure.headers,
  );
}

function leftOver(c: Context<AppEnv>): never {
  if (!['GET', 'HEAD', 'POST'].includes(c.req.method)) throw badRequest('invalid HTTP method');
  throw invalidPath(relativePath(c));
}

export function createApp(deps: ApiDeps, hub: EventHub, people: People): OpenAPIHono<AppEnv> {
  const app = new OpenAPIHono<AppEnv>();
  const reader = createReader(deps);
  app.onError((error, c) => answerFailure(c, error, deps));
  app.use('*', guard(people.entrance));
  app.get('/healthz', async (c) => {
    await deps.store.eventRange();
    return jsonAnswer(c, { status: 'ok' });
  });
  const config = uiConfig(deps, people);
  app.get('/config', async (c) => jsonAnswer(c, await config(c)));
  app.get('/metrics', async () => metricsAnswer(deps.metrics));
  app.get('/api', (c) => {
    return jsonAnswer(c, { api_versions: { v2: `${people.entrance.baseOf(knockOf(c))}api/v2` } });
  });
  app.get('/avatar', (c) => avatarAnswer(new URL(c.req.url).searchParams));
  for (const prefix of [API_PREFIX, '/api/latest']) {
    const control = controlHandler({ deps, reader, people });
    registerRoutes(app, prefix, { deps, hub, reader, control });
    app.get(`${prefix}/events`, eventsRoute(deps, hub));
  }
  // What is no route may be a file of the web UI.
  app.notFound(async (c) => (await pageAnswer(c, deps.settings().www.ui, config)) ?? leftOver(c));
  sseListenRoutes(app, deps, hub);
  loginRoutes(app, people);
  tokenRoutes(app, people);
  // Made for the first who asks: 85 ms and 20 MB that a master's start does not need (2026-11).
  let made: { title: string; document: object } | null = null;
  app.get('/api/openapi.json', (c) => {
    const { title } = deps;
    if (made?.title !== title) made = { title, document: openApiDocument(app, title) };
    return jsonAnswer(c, made.document);
  });
  return app;
}
