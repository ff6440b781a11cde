/** Git as a function of its arguments: one program, one environment, the neutral settings always in front. */

import type { VcsDeps } from '../port.ts';
import { failureOf, runVcs, runVcsOk, type VcsCommand, type VcsOutput } from '../run.ts';
import { gitEnvironment, SETTING_ARGS, withoutRepository } from './environment.ts';

export interface GitCall {
  readonly input?: Uint8Array | undefined;
  readonly maxBytes?: number | undefined;
}

export interface Git {
  /** Runs to the end; the exit status is the caller's to look at. */
  run(args: readonly string[], call?: GitCall): Promise<VcsOutput>;
  /** Standard output; any exit status but 0 is an error that carries what git said. */
  read(args: readonly string[], call?: GitCall): Promise<Buffer>;
  /** The same git in another folder, or with further variables. */
  within(change: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> }): Git;
  /** The same git in another repository: nothing that names this one is passed on. */
  elsewhere(cwd: string): Git;
  /** The error for an answer of `run` that its caller has no use for. */
  failure(args: readonly string[], output: VcsOutput): Error;
}

interface Place {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
}

export function createGit(deps: Pick<VcsDeps, 'env'>, cwd: string, signal?: AbortSignal): Git {
  return gitIn({ cwd, env: gitEnvironment(deps.env), signal });
}

function gitIn(place: Place): Git {
  const command = (args: readonly string[], call: GitCall = {}): VcsCommand => ({
    program: 'git',
    args: [...SETTING_ARGS, ...args],
    ...place,
    ...call,
  });
  return {
    run: (args, call) => runVcs(command(args, call)),
    read: (args, call) => runVcsOk(command(args, call)),
    within: ({ cwd = place.cwd, env = {} }) => gitIn({ ...place, cwd, env: { ...place.env, ...env } }),
    elsewhere: (cwd) => gitIn({ ...place, cwd, env: withoutRepository(place.env) }),
    failure: (args, output) => failureOf(command(args), output),
  };
}
