/**
 * `<log>/contents?offset=&limit=`: lines of a log as one log chunk, counted from 0, each ending in a line feed and, in
 * logs of type `s`, beginning with its stream letter (section 5 of the spec).
 *
 * Without `limit` the answer runs to the end of the log, which may be gigabytes; so a long one is written page by page
 * straight into the JSON string, in bounded memory.
 */
import type { Log } from '@buildbot/shared';
import type { Context } from 'hono';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { envelope, GUARDS } from '../http/answer.ts';
import { ApiError, badRequest } from '../http/api-error.ts';
import { byteStream } from '../http/byte-stream.ts';
import { wholeNumber } from '../query/parse-query.ts';

/** Lines that are answered in one piece. */
const PAGE = 5000;

function parseContentsQuery(params: URLSearchParams): { offset: number; limit: number | null } {
  for (const key of params.keys()) {
    if (key !== 'offset' && key !== 'limit') throw badRequest(`unrecognized query parameter '${key}'`);
  }
  const read = (name: 'offset' | 'limit'): number | null => {
    const text = params.get(name);
    if (text === null) return null;
    const value = wholeNumber(text);
    if (value === null) throw badRequest(`invalid ${name}`);
    return value;
  };
  return { offset: read('offset') ?? 0, limit: read('limit') };
}

/** The envelope with its keys sorted, `content` first, so that the text can be written as it is read. */
async function* chunkJson(store: ApiDeps['store'], log: Log, range: { first: number; end: number }) {
  yield '{"logchunks":[{"content":"';
  for (let line = range.first; line < range.end; line += PAGE) {
    const text = await store.readLogLines(log.logId, line, Math.min(PAGE, range.end - line));
    // An unfinished last line is counted, and told once it is finished.
    if (text === '') break;
    yield JSON.stringify(text).slice(1, -1);
  }
  yield `","firstline":${range.first},"logid":${log.logId}}],"meta":{}}`;
}

/** Answer with lines of one log. */
export async function logContents(c: Context<AppEnv>, deps: ApiDeps, log: Log): Promise<Response> {
  const { offset, limit } = parseContentsQuery(new URL(c.req.url).searchParams);
  if (limit === null && offset > 0 && offset >= log.lines) {
    throw new ApiError(404, `log ${log.logId} has ${log.lines} lines, and none at offset ${offset}`);
  }
  const end = limit === null ? log.lines : Math.min(log.lines, offset + limit);
  if (end - offset <= PAGE) {
    const content = end <= offset ? '' : await deps.store.readLogLines(log.logId, offset, end - offset);
    return envelope(c, 'logchunks', [{ logid: log.logId, firstline: offset, content }]);
  }
  const body = byteStream(
    () => chunkJson(deps.store, log, { first: offset, end }),
    c.env ?? {},
    (error) => deps.logger.error({ err: error, logId: log.logId }, 'the contents of a log broke off'),
  );
  return new Response(body, { headers: { ...GUARDS, 'Content-Type': 'application/json; charset=utf-8' } });
}
