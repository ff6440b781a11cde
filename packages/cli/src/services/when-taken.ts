/**
 * A job that a try directory keeps, because no master was there to take it in: waits for one, however it then answers.
 * Found by its id; when a master is there and has not got it, the job is sent once more, for only that brings the reason.
 */
import { ExternalError } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import { backoffMs } from '../client/backoff.ts';
import { LinkError } from '../client/transport.ts';
import type { Clock } from '../clock.ts';
import { findDelivered } from './find-delivered.ts';
import { orAborted } from './stay-linked.ts';
import type { Submitted, Submitter } from './submit.ts';

/** A master that has begun takes in what waits within moments. Milliseconds. */
const SOON_MS = 5000;

export interface KeptJob {
  jobId: string;
  bytes: Uint8Array;
  submitter: Pick<Submitter, 'link' | 'submit'>;
  clock: Clock;
  random: () => number;
  giveUpAfterMs: number;
  signal: AbortSignal;
}

export type TakenIn = { buildSetId: number; client: ApiClient } | Extract<Submitted, { kind: 'verdict' }>;

/** Null when nobody waits any more. @throws whatever is more than a broken link */
export async function whenTaken(job: KeptJob): Promise<TakenIn | null> {
  const { clock, random, giveUpAfterMs, signal } = job;
  const since = clock.monotonic();
  const state = { isSentAgain: false };
  for (let attempt = 0; !signal.aborted && clock.monotonic() - since < giveUpAfterMs; attempt++) {
    try {
      const taken = await orAborted(look(job, state), signal);
      if (taken !== null) return taken;
    } catch (error) {
      if (signal.aborted) return null;
      if (!(error instanceof LinkError)) throw error;
    }
    await clock.sleep(backoffMs(attempt, random), signal);
  }
  return null;
}

async function look(job: KeptJob, state: { isSentAgain: boolean }): Promise<TakenIn | null> {
  const found = await find(job);
  if (found !== null || state.isSentAgain || job.signal.aborted) return found;
  state.isSentAgain = true;
  return sendAgain(job);
}

async function find({ jobId, submitter, clock, signal }: KeptJob): Promise<TakenIn | null> {
  const client = await submitter.link.open();
  const buildSetId = await findDelivered(client, jobId, clock, signal, SOON_MS);
  return buildSetId === null ? null : { buildSetId, client };
}

/** Null when it is kept still, or there is no room for it twice: it waits as before. */
async function sendAgain({ jobId, bytes, submitter }: KeptJob): Promise<TakenIn | null> {
  try {
    const answer = await submitter.submit(bytes, jobId);
    return answer.kind === 'verdict' && answer.verdict.status !== 'kept' ? answer : null;
  } catch (error) {
    if (error instanceof ExternalError) return null;
    throw error;
  }
}
