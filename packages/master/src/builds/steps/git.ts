/**
 * Get the source with git: the commit of the build's source stamp and, for a try job, the developer's patch on top.
 * The knowledge of git is in `../sources`; the worker only runs commands. Deterministic given their outcomes, as
 * `StepContext` asks.
 */
import {
  durationSchema,
  EXCEPTION,
  type SourceStamp,
  SUCCESS,
  UserError,
  workPathSchema,
} from '@buildbot/shared';
import * as z from 'zod';
import type { StepContext, StepOutcome } from '../../ports/recipe.ts';
import {
  isCommitId,
  isRecent,
  isRefName,
  MINIMUM_VERSION,
  parseVersion,
  repositoryProblem,
} from '../sources/git.ts';
import { type CheckoutOptions, checkOut } from '../sources/git-checkout.ts';
import type { Wanted } from '../sources/git-fetch.ts';
import { applyPatch } from '../sources/git-patch.ts';
import { GitSession } from '../sources/git-session.ts';
import { defineStep } from './define.ts';
import { environmentSchema, limitOptions } from './limits.ts';
import { endingEarly, StepEnd } from './step-end.ts';

const options = {
  repository: z
    .string()
    .min(1)
    .meta({ description: 'URL, absolute path, or user@host:path. Properties are filled in.' }),
  branch: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'When the source stamp names none. Default: HEAD.' }),
  codebase: z.string().default('').meta({ description: 'Which source stamp to get.' }),
  mode: z
    .enum(['full', 'incremental'])
    .default('incremental')
    .meta({ description: 'full: a clean tree; incremental: what earlier builds left stays.' }),
  method: z
    .enum(['clobber', 'fresh', 'clean', 'copy'])
    .default('fresh')
    .meta({
      description:
        'How mode full cleans. clobber: clone anew; fresh: remove what git does not know; clean: keep what it ignores; ' +
        'copy: build in a copy of a checkout kept beside it.',
    }),
  shallow: z
    .union([z.boolean(), z.number().int().positive()])
    .default(false)
    .transform((value) => (value === true ? 1 : value === false ? null : value))
    .meta({ description: 'Fetch only so many commits; true is one.' }),
  submodules: z.boolean().default(false).meta({ description: 'Get submodules, too, recursively.' }),
  retry: z
    .strictObject({
      attempts: z.number().int().min(0).max(100).meta({ description: 'How many.' }),
      delay: durationSchema.default(10_000).meta({ description: 'Before each of them.' }),
    })
    .default({ attempts: 0, delay: 10_000 })
    .meta({ description: 'Further attempts when the server cannot be reached.' }),
  workdir: workPathSchema
    .refine(
      (path) => path.split('/').some((part) => part !== '' && part !== '.'),
      'expected a folder of its own',
    )
    .default('build')
    .meta({ description: "Folder for the tree, below the build's own." }),
  env: environmentSchema.meta({ description: "Variables of git's to set, or with null to remove." }),
  ...limitOptions,
};
type GitOptions = z.output<z.ZodObject<typeof options>>;

export const gitStep = defineStep({
  type: 'git',
  options,
  // Without its source nothing else makes sense.
  flags: { haltOnFailure: true },
  label: () => 'git',
  run: async (context, step) => await endingEarly(async () => await getSource(context, step)),
});

async function getSource(context: StepContext, step: GitOptions): Promise<StepOutcome> {
  const stamp = context.sourceStamps.find(({ codebase }) => codebase === step.codebase);
  const wanted = wantedOf(stamp, step);
  const git = await openSession(context, step);
  await context.setState(`fetching ${git.shownRepository}`);
  const isCopied = step.mode === 'full' && step.method === 'copy';
  // The untouched checkout beside the tree that is built in.
  const source = isCopied ? git.in(`${step.workdir}.source`) : git;
  const commit = await checkOut(source, checkoutOptions(context, step, wanted));
  if (isCopied) await git.copy(source.workdir, git.workdir);
  const patch = stamp?.patch ?? null;
  if (patch !== null) await applyPatch(git, patch);
  if (step.submodules) await updateSubmodules(git, step);
  await context.setProperty('got_revision', commit, 'Git');
  return {
    results: SUCCESS,
    stateString: `checked out ${commit.slice(0, 12)}${patch === null ? '' : ' with the patch'}`,
  };
}

async function openSession(context: StepContext, step: GitOptions): Promise<GitSession> {
  const repository = context.interpolate(step.repository);
  const problem = repositoryProblem(repository);
  if (problem !== null) throw new UserError(`the repository '${repository}' cannot be used: ${problem}`);
  const { workdir, env, ...limits } = step;
  const git = new GitSession({
    context,
    log: await context.log('stdio', 's'),
    repository,
    workdir,
    env,
    limits,
  });
  const answer = await git.read(['--version'], { workdir: '' });
  const version = parseVersion(answer ?? '');
  if (version === null)
    throw new StepEnd({ results: EXCEPTION, stateString: 'there is no git on the worker' });
  if (isRecent(version)) return git;
  const stateString = `the worker has ${answer}, but ${MINIMUM_VERSION.join('.')} or newer is needed`;
  throw new StepEnd({ results: EXCEPTION, stateString });
}

/** Names come from whoever asked for the build, so they are checked before git sees them. */
function wantedOf(stamp: SourceStamp | undefined, step: GitOptions): Wanted {
  const branch = stamp?.branch ?? step.branch ?? null;
  const revision = stamp?.revision ?? null;
  // Never handed to git without `refs/heads/` before it: a branch may be called `-x`.
  if (branch !== null && !isRefName(`heads/${branch}`))
    throw new UserError(`'${branch}' is not the name of a git branch`);
  if (revision !== null && !isCommitId(revision) && !isRefName(revision)) {
    throw new UserError(`'${revision}' is neither a git commit id nor the name of a ref`);
  }
  return { branch, revision };
}

function checkoutOptions(context: StepContext, step: GitOptions, wanted: Wanted): CheckoutOptions {
  return {
    wanted,
    tidy: tidyFor(step),
    depth: step.shallow,
    retry: { attempts: step.retry.attempts, delayMs: step.retry.delay },
    pause: async (ms) => await context.pause(ms),
  };
}

function tidyFor({ mode, method }: GitOptions): CheckoutOptions['tidy'] {
  if (mode === 'incremental') return 'nothing';
  // Nothing but git works in the untouched checkout, so there is nothing to remove but what git left behind.
  return method === 'copy' ? 'fresh' : method;
}

async function updateSubmodules(git: GitSession, step: GitOptions): Promise<void> {
  // A patch may bring any URL: local repositories are read only for a source that is itself one.
  const files = git.isLocal;
  const depth = step.shallow === null ? [] : [`--depth=${step.shallow}`];
  await git.must(['submodule', 'sync', '--quiet', '--recursive'], { files });
  await git.must(['submodule', 'update', '--init', '--recursive', '--force', ...depth], { files });
  if (step.mode === 'full' && step.method !== 'clobber') {
    const words = ['clean', '--quiet', '-f', '-f', '-d', ...(step.method === 'clean' ? [] : ['-x'])];
    await git.must(['submodule', 'foreach', '--quiet', '--recursive', 'git', ...words], { files });
  }
}
