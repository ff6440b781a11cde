/** `buildbot-master status --checks`: asks the running master how it stands, on its own socket. */
import { hostname } from 'node:os';
import { messageOf, type StatusResource } from '@buildbot/shared';
import { systemClock } from '../clock.ts';
import { checkLines } from './check-lines.ts';
import { askMaster } from './master-socket.ts';

/** The lines, and the exit code: 0 when the master answered. */
export async function printChecks(basedir: string, out: (line: string) => void): Promise<number> {
  const status = await askStatus(basedir);
  for (const line of checkLines(status, { host: hostname(), now: systemClock.now() })) out(line);
  return 'failure' in status ? 1 : 0;
}

async function askStatus(basedir: string): Promise<StatusResource | { failure: string }> {
  try {
    const answer = (await askMaster(basedir, { path: '/status' })) as { statuses?: StatusResource[] };
    return answer.statuses?.[0] ?? { failure: 'it does not say how it stands' };
  } catch (error) {
    return { failure: `not running, or not answering: ${messageOf(error)}` };
  }
}
