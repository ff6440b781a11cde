/**
 * Buildbot's own event streams over HTTP (section 8 of the spec): `/sse/listen/<path>` begins one with its uuid, and
 * `/sse/add/<uuid>/<path>`, `/sse/remove/<uuid>/<path>` change what it listens to. Live events only.
 */
import { randomUUID } from 'node:crypto';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { GUARDS } from '../http/answer.ts';
import { badRequest } from '../http/api-error.ts';
import { byteStream } from '../http/byte-stream.ts';
import type { EventHub } from './event-hub.ts';
import { EventReader, type Told } from './event-reader.ts';
import { DEFAULT_HEARTBEAT_MS, framesOf } from './events-route.ts';
import { SSE_HEADERS, sseFrame } from './sse.ts';
import { bodyJson, toldJson } from './told-json.ts';

/** Buildbot's frame: the key as a list. A resync has no counterpart there and is an event of its own name. */
function frame(told: Told): string {
  if ('resync' in told) return sseFrame({ event: 'resync', json: toldJson(told) });
  const json = `{"key":${JSON.stringify(told.k.split('/'))},"message":${bodyJson(told.m)}}`;
  return sseFrame({ event: 'event', json });
}

export function sseListenRoutes(app: OpenAPIHono<AppEnv>, deps: ApiDeps, hub: EventHub): void {
  const readers = new Map<string, EventReader>();

  const listen = (c: Context<AppEnv>) => {
    const uuid = randomUUID();
    const pattern = c.req.param('path') ?? '';
    const body = byteStream(
      async function* (signal) {
        const reader = new EventReader(hub, { patterns: [pattern], from: null, telling: 'per pattern' });
        readers.set(uuid, reader);
        try {
          yield `event: handshake\ndata: ${uuid}\n\n`;
          yield* framesOf(reader, { signal, heartbeatMs: deps.heartbeatMs ?? DEFAULT_HEARTBEAT_MS, frame });
        } finally {
          readers.delete(uuid);
          reader.close();
        }
      },
      c.env ?? {},
      (error) => deps.logger.error({ err: error }, 'an event stream broke'),
    );
    return new Response(body, { headers: SSE_HEADERS });
  };

  const change = (act: (reader: EventReader, pattern: string) => void) => (c: Context<AppEnv>) => {
    const reader = readers.get(c.req.param('uuid') ?? '');
    if (reader === undefined) throw badRequest('unknown uuid');
    act(reader, c.req.param('path') ?? '');
    return new Response('ok', { headers: { ...GUARDS, 'Content-Type': 'text/plain; charset=utf-8' } });
  };

  app.get(
    '/sse/add/:uuid/:path{.+}',
    change((reader, pattern) => reader.patterns.add(pattern)),
  );
  app.get(
    '/sse/remove/:uuid/:path{.+}',
    change((reader, pattern) => reader.patterns.delete(pattern)),
  );
  app.get('/sse/listen/:path{.+}', listen);
  app.get('/sse/:path{.+}', listen);
}
