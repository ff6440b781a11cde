/** `buildbot-master status --checks`: asks the running master how it stands, on its own socket. */
import { request } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { messageOf, type StatusResource } from '@buildbot/shared';
import { systemClock } from '../clock.ts';
import { checkLines } from './check-lines.ts';

/** A master that takes longer to answer is in trouble. Milliseconds. */
const ANSWER_MS = 10_000;

/** The lines, and the exit code: 0 when the master answered. */
export async function printChecks(basedir: string, out: (line: string) => void): Promise<number> {
  const status = await askStatus(join(basedir, 'master.sock'));
  for (const line of checkLines(status, { host: hostname(), now: systemClock.now() })) out(line);
  return 'failure' in status ? 1 : 0;
}

async function askStatus(socketPath: string): Promise<StatusResource | { failure: string }> {
  try {
    const answer = (await get(socketPath)) as { statuses?: StatusResource[] };
    return answer.statuses?.[0] ?? { failure: 'it does not say how it stands' };
  } catch (error) {
    return { failure: `not running, or not answering: ${messageOf(error)}` };
  }
}

function get(socketPath: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const asked = request({ socketPath, path: '/api/v2/status', signal, headers: { host: 'localhost' } });
    asked.once('error', reject);
    asked.once('response', (response) => json(response).then(resolve, reject));
    asked.end();
  });
}
