/**
 * `<log>/raw` and `<log>/raw_inline`: the log's bytes exactly as the command wrote them, without stream letters and
 * without headers of ours. Our additions: `?offset=N` begins at a byte, `&follow=1` goes on until the log is complete.
 *
 * The end of the body means that it is whole: a followed log has then been sent to its last byte. A server that stops
 * or fails breaks the stream off (HTTP/2: RST_STREAM; HTTP/1.1: no last chunk), and the client asks again from the
 * offset it has reached. Always `text/plain`, HTML logs too: nothing that a build wrote is ever a page of this origin.
 */
import type { Log } from '@buildbot/shared';
import type { Context } from 'hono';
import type { ApiDeps, AppEnv } from '../deps.ts';
import type { EventHub } from '../events/event-hub.ts';
import { GUARDS } from '../http/answer.ts';
import { ApiError, badRequest } from '../http/api-error.ts';
import { byteStream } from '../http/byte-stream.ts';
import { wholeNumber } from '../query/parse-query.ts';
import type { Reader } from '../routes/reader.ts';
import { equals } from '../routes/relations.ts';
import { logBytes } from './follow.ts';

interface RawQuery {
  offset: number;
  follow: boolean;
}

function parseRawQuery(params: URLSearchParams): RawQuery {
  for (const key of params.keys()) {
    if (key !== 'offset' && key !== 'follow') throw badRequest(`unrecognized query parameter '${key}'`);
  }
  const offset = wholeNumber(params.get('offset') ?? '0');
  if (offset === null) throw badRequest('invalid offset');
  const follow = params.get('follow') ?? '0';
  if (follow !== '0' && follow !== '1') throw badRequest("invalid value for 'follow': expected 0 or 1");
  return { offset, follow: follow === '1' };
}

/** Buildbot's name for the file, of harmless characters only. */
async function fileName(reader: Reader, log: Log): Promise<string> {
  const [step] = await reader.all('steps', [equals('stepid', log.stepId)]);
  const [build] = await reader.all('builds', [equals('buildid', log.buildId)]);
  const [builder] = build ? await reader.all('builders', [equals('builderid', build.builderid)]) : [];
  const name = `${builder?.name}_build_${build?.number}_step_${step?.name}_log_${log.slug}`;
  return name.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 200);
}

export interface RawDeps {
  deps: ApiDeps;
  hub: EventHub;
  reader: Reader;
}

/** Answer with the bytes of one log. `disposition` is what a browser does with them. */
export async function rawLog(
  c: Context<AppEnv>,
  { deps, hub, reader }: RawDeps,
  input: { log: Log; disposition: 'attachment' | 'inline' },
): Promise<Response> {
  const { log, disposition } = input;
  const { offset, follow } = parseRawQuery(new URL(c.req.url).searchParams);
  if (offset > log.bytes) throw new ApiError(416, `offset ${offset} is beyond the log's ${log.bytes} bytes`);
  const headers: Record<string, string> = {
    ...GUARDS,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Disposition': `${disposition}; filename=${await fileName(reader, log)}`,
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'X-Log-Size': String(log.bytes),
    'X-Log-Complete': String(log.complete),
  };
  if (log.complete) headers['Content-Length'] = String(log.bytes - offset);
  if (c.req.method === 'HEAD') return new Response(null, { headers });
  const body = byteStream(
    (signal) => logBytes(deps.store, hub, { log, offset, follow, signal }),
    c.env ?? {},
    (error) => deps.logger.error({ err: error, logId: log.logId }, 'a raw log stream broke'),
  );
  return new Response(body, { headers });
}
