/** What a master that is to end gracefully waits for, in words. */
import type { StatusResource } from '@buildbot/shared';
import { counted } from './counted.ts';
import { askMaster } from './master-socket.ts';

/** Whoever waits for these words waits for the signal. Milliseconds. */
const ANSWER_MS = 2000;

/** How the master of `basedir` stands; null when it does not answer. */
export async function standing(basedir: string): Promise<StatusResource | null> {
  try {
    const answer = (await askMaster(basedir, { path: '/status', timeoutMs: ANSWER_MS })) as {
      statuses?: StatusResource[];
    };
    return answer.statuses?.[0] ?? null;
  } catch {
    return null;
  }
}

/** `waiting for 2 builds to end; a second signal ends it at once`. */
export function waitingText(status: Pick<StatusResource, 'builds'> | null): string {
  const what = status === null ? 'the builds that run' : counted(status.builds, 'build');
  return `waiting for ${what} to end; a second signal (buildbot-master stop) ends it at once`;
}

/** `, stopping when 2 builds have ended`; nothing for a master that is not about to end. */
export function stoppingText(status: Pick<StatusResource, 'builds' | 'draining'> | null): string {
  if (status?.draining !== true) return '';
  const { length } = status.builds;
  return `, stopping when ${counted(status.builds, 'build')} ${length === 1 ? 'has' : 'have'} ended`;
}
