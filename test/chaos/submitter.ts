/**
 * Hands jobs in, through every door, until each is accepted. Every job has an id of its submitter's making, by which a
 * repeat after a lost answer is known to be one.
 */
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeTryJob } from '@buildbot/shared';
import { program, run } from '../support/processes.ts';
import { type Job, scriptOf } from './jobs.ts';
import type { ChaosWorld } from './world.ts';

/** Hand a job in. Resolves when it was accepted; rejects with why not, when there is no more time. */
export async function submit(world: ChaosWorld, job: Job, signal: AbortSignal): Promise<void> {
  await Promise.all(
    job.steps.map((step, n) => writeFile(join(world.dir, 'jobs', `${job.id}.${n}`), scriptOf(job.id, step))),
  );
  const doors = { file: dropFile, tryserver: pipeToTryserver, force };
  for (let attempt = 0; ; attempt++) {
    try {
      return await doors[job.door](world, job, attempt);
    } catch (error) {
      signal.throwIfAborted();
      if (attempt > 500) throw error;
      await delay(100);
    }
  }
}

function jobFile({ id, builder }: Job): Uint8Array {
  return encodeTryJob({
    ...{ jobId: id, branch: null, baserev: null, patchLevel: 1, patch: null, repository: '', project: '' },
    ...{
      who: '',
      comment: '',
      builderNames: [builder],
      properties: { job: id },
      tree: null,
      priority: null,
      client: null,
    },
  });
}

/** Accepted as soon as it is in `new/`: whether or not a master runs. */
async function dropFile({ jobdir }: ChaosWorld, job: Job, attempt: number): Promise<void> {
  const name = `${job.id}-${attempt}`;
  const path = join(jobdir, 'tmp', name);
  const file = await open(path, 'wx');
  try {
    await file.writeFile(jobFile(job));
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(path, join(jobdir, 'new', name));
}

/** As over SSH: accepted when the far end says so by its exit code. */
async function pipeToTryserver({ jobdir }: ChaosWorld, job: Job): Promise<void> {
  const { code, stderr } = await run(program('cli', 'tryserver', '--jobdir', jobdir), {
    input: jobFile(job),
  });
  if (code !== 0) throw new Error(`tryserver ended with ${code}: ${stderr}`);
}

/**
 * `force` takes no id from its caller, so the job's id is its reason, and before it is asked again one looks whether it
 * is there. That is safe here: a call that got no answer was to a master that is dead by now.
 */
async function force({ api }: ChaosWorld, job: Job, attempt: number): Promise<void> {
  if (attempt > 0 && (await isKnown(api, job.id))) return;
  const params = { builderNames: [job.builder], reason: job.id, job: job.id };
  await api.rpc('forceschedulers/force', 'force', params);
}

async function isKnown(api: ChaosWorld['api'], jobId: string): Promise<boolean> {
  const { buildsets } = await api.get<{ buildsets: { reason: string }[] }>('/api/v2/buildsets?field=reason');
  return buildsets.some(({ reason }) => jobOfReason(reason) === jobId);
}

/** `forced by administrator: ID`. */
export function jobOfReason(reason: string): string | null {
  return /^forced by [^:]+: (.+)$/.exec(reason)?.[1] ?? null;
}
