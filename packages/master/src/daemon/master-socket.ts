/** Questions to a running master, asked by its own program on its own socket. */
import { request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';

/** A master that takes longer to answer is in trouble. Milliseconds. */
const ANSWER_MS = 10_000;

export interface Question {
  /** Below the API's prefix: `/status`. */
  path: string;
  /** Default: `/api/v2`. */
  prefix?: string;
  /** A POST with this as JSON, instead of a GET. */
  body?: object;
  timeoutMs?: number;
}

/** What the master of `basedir` answers, whatever the status. Rejects when nobody does. */
export function askMaster(
  basedir: string,
  { path, prefix = '/api/v2', body, timeoutMs = ANSWER_MS }: Question,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request({
      socketPath: join(basedir, 'master.sock'),
      path: `${prefix}${path}`,
      method: body === undefined ? 'GET' : 'POST',
      signal: AbortSignal.timeout(timeoutMs),
      headers: { host: 'localhost', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    });
    asked.once('error', reject);
    asked.once('response', (response) => json(response).then(resolve, reject));
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
