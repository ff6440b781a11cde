/** The two ways a job gets to a master: over SSH, or into the one that `--local` runs in this process. */
import { ExternalError } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import { backoffMs } from '../client/backoff.ts';
import { LinkError } from '../client/transport.ts';
import { type OpenServer, openServer, type Submission, submitJob } from '../client/try-link.ts';
import type { Clock } from '../clock.ts';
import type { MasterLink, SshLink } from './master-link.ts';

/** What became of a job, with a client that can follow it if the submission itself left one open. */
export type Submitted =
  | Exclude<Submission, { api: unknown }>
  | (Omit<Extract<Submission, { api: unknown }>, 'api'> & { client: ApiClient | null });

export interface Submitter {
  /** Where to, as a person would name it. */
  readonly name: string;
  /** What takes time and can be done before the job is known. */
  prepare(): Promise<void>;
  submit(job: Uint8Array, jobId: string): Promise<Submitted>;
  /** The way to follow it. */
  readonly link: MasterLink;
  close(): Promise<void>;
}

/** Sent again this often when the link broke before the answer; the job's id makes repeats harmless. */
const MOST_ATTEMPTS = 4;

export function sshSubmitter(
  ssh: SshLink,
  follow: MasterLink,
  { clock, random }: { clock: Clock; random: () => number },
): Submitter {
  let opening: Promise<OpenServer> | undefined;
  return {
    name: ssh.name,
    link: follow,
    prepare: async () => {
      opening = openServer(await ssh.tryLink());
      // Whoever hands the job in hears of it.
      opening.catch(() => {});
    },
    submit: async (job) => {
      for (let attempt = 1; ; attempt++) {
        // Whoever was opened takes one job.
        const opened = opening;
        opening = undefined;
        try {
          const submission = await submitJob(await ssh.tryLink(), job, opened);
          return await withClient(ssh, follow, submission);
        } catch (error) {
          if (!(error instanceof LinkError)) throw error;
          if (attempt === MOST_ATTEMPTS) throw error.cause instanceof ExternalError ? error.cause : error;
          await clock.sleep(backoffMs(attempt, random));
        }
      }
    },
    close: async () => {
      ssh.close();
      follow.close();
    },
  };
}

/** The channel that took the job goes on as the API, unless another address was asked for. */
async function withClient(ssh: SshLink, follow: MasterLink, submission: Submission): Promise<Submitted> {
  if (submission.kind !== 'verdict') return submission;
  const { api, ...rest } = submission;
  if (api === null) return { ...rest, client: null };
  if (follow === ssh) return { ...rest, client: await ssh.use(api) };
  api.destroy();
  return { ...rest, client: null };
}
