/**
 * `GET /api/v2/events?path=builds/*\/*&path=…&from=N`: stored events after N, then live ones, without gap or repeat.
 *
 * The first event is `ready` with `{"n": N}`, the position the stream begins at, which the header `X-Event-Number` has
 * too: who subscribes, then reads, misses nothing. Events follow as messages `{"k", "m", "n"}` with their number as
 * `id`; log growth has neither. A position that is not kept any more, or lies in the future, is answered with the event
 * `resync`: read everything anew, the stream goes on from its number. A silent stream says that it lives every 15 s. Of a
 * master that stops on purpose the last event is `stopping`; a stream that ends without it was cut off.
 */
import type { Context } from 'hono';
import { isAdministrator } from '../control/permissions.ts';
import { type ApiDeps, type AppEnv, NOBODY } from '../deps.ts';
import { badRequest } from '../http/api-error.ts';
import { byteStream } from '../http/byte-stream.ts';
import { wholeNumber } from '../query/parse-query.ts';
import type { EventHub } from './event-hub.ts';
import { EventReader, type Told } from './event-reader.ts';
import { SSE_HEADERS, sseEvent, sseFrame, sseHeartbeat } from './sse.ts';
import { toldJson } from './told-json.ts';

export const DEFAULT_HEARTBEAT_MS = 15_000;
/** Patterns of one stream. */
const MAX_PATTERNS = 256;

function frame(told: Told): string {
  const json = toldJson(told);
  if ('resync' in told) return sseFrame({ event: 'resync', id: told.n, json });
  return sseFrame({ ...(told.n === undefined ? {} : { id: told.n }), json });
}

/** Frames of a reader until `signal`, or until the master stops and all has been told; closes the reader. */
export async function* framesOf(
  reader: EventReader,
  options: { signal: AbortSignal; heartbeatMs: number; frame: (told: Told) => string },
): AsyncGenerator<string> {
  const { signal, heartbeatMs } = options;
  try {
    while (!signal.aborted) {
      const told = await reader.read();
      if (told.length > 0) yield told.map(options.frame).join('');
      else if (reader.isStopping) return yield sseEvent({ event: 'stopping', data: { n: reader.position } });
      else if ((await reader.wait(signal, heartbeatMs)) === 'timeout') yield sseHeartbeat(reader.position);
    }
  } finally {
    reader.close();
  }
}

/** A reconnecting client repeats its first `from`, so `Last-Event-ID` wins; `null` is now. */
function startOf(from: string | undefined, lastEventId: string | undefined): number | null {
  const text = lastEventId ?? from;
  if (text === undefined || text === '') return null;
  const number = wholeNumber(text);
  if (number === null) throw badRequest(`invalid event number '${text.slice(0, 40)}'`);
  return number;
}

function patternsOf(params: URLSearchParams): string[] {
  const unknown = [...params.keys()].find((key) => key !== 'path' && key !== 'from');
  if (unknown !== undefined) throw badRequest(`unrecognized query parameter '${unknown}'`);
  const patterns = params.getAll('path');
  if (patterns.length === 0) throw badRequest("'path' is missing: which events, for example path=builds/*/*");
  if (patterns.length > MAX_PATTERNS) throw badRequest(`more than ${MAX_PATTERNS} paths`);
  return patterns;
}

export function eventsRoute(deps: ApiDeps, hub: EventHub): (c: Context<AppEnv>) => Response {
  const heartbeatMs = deps.heartbeatMs ?? DEFAULT_HEARTBEAT_MS;
  return (c) => {
    const patterns = patternsOf(new URL(c.req.url).searchParams);
    const from = startOf(c.req.query('from'), c.req.header('last-event-id'));
    const start = from ?? hub.newest;
    const seesAudit = () => isAdministrator(c.env?.caller ?? NOBODY, deps.settings().access);
    const body = byteStream(
      async function* (signal) {
        const reader = new EventReader(hub, { patterns, from: start, telling: 'once', seesAudit });
        yield sseEvent({ event: 'ready', id: start, data: { n: start } });
        yield* framesOf(reader, { signal, heartbeatMs, frame });
      },
      c.env ?? {},
      (error) => deps.logger.error({ err: error }, 'an event stream broke'),
    );
    return new Response(body, { headers: { ...SSE_HEADERS, 'X-Event-Number': String(start) } });
  };
}
