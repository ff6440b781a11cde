/**
 * `buildbot try --local`: the composition of a master and its workers inside this one process, the only file of the CLI
 * that knows either. Same configuration, screens and results as with a server. The database lives in the user's cache,
 * one per working copy, so that past builds give estimates.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { MasterHandle } from '@buildbot/master';
import { type MasterConfig, type StepConfig, UserError } from '@buildbot/shared';
import type { WorkerHandle } from '@buildbot/worker';
import type { ApiClient } from './client/api-client.ts';
import type { Clock } from './clock.ts';
import { addressLink, type MasterLink } from './services/master-link.ts';
import type { Runtime } from './services/runtime.ts';
import type { Submitted, Submitter } from './services/submit.ts';

const JOBDIR = 'try';
/** The master takes a job in within milliseconds, or something is badly wrong. */
const INTAKE_TIMEOUT_MS = 20_000;
const POLL_MS = 20;

export interface LocalInput {
  /** `local:` of `.buildbot`, relative to `treeDir`. */
  configFile: string;
  /** Folder of `.buildbot`. */
  treeDir: string;
}

export async function localSubmitter(
  { configFile, treeDir }: LocalInput,
  runtime: Runtime,
): Promise<Submitter> {
  const basedir = join(
    runtime.environment.cacheDir,
    'local',
    createHash('sha256').update(treeDir).digest('hex').slice(0, 16),
  );
  const link = addressLink(`unix:${join(basedir, 'master.sock')}`);
  const world = new LocalWorld(basedir, resolve(treeDir, configFile), runtime);
  return {
    name: 'this machine',
    link,
    prepare: () => world.start(treeDir),
    submit: (job, jobId) => submitLocally(job, { basedir, link, clock: runtime.clock, jobId }),
    close: async () => {
      link.close();
      await world.stop();
    },
  };
}

class LocalWorld {
  readonly #basedir: string;
  readonly #configFile: string;
  readonly #runtime: Runtime;
  #master: MasterHandle | undefined;
  #workers: WorkerHandle[] = [];

  constructor(basedir: string, configFile: string, runtime: Runtime) {
    this.#basedir = basedir;
    this.#configFile = configFile;
    this.#runtime = runtime;
  }

  async start(treeDir: string): Promise<void> {
    const [{ checkStep, loadConfig, startMaster }, { startWorker }, topdir] = await Promise.all([
      import('@buildbot/master'),
      import('@buildbot/worker'),
      topOf(treeDir, this.#runtime),
    ]);
    await mkdir(this.#basedir, { recursive: true, mode: 0o700 });
    const password = randomBytes(24).toString('base64url');
    const config = localConfig(await loadConfig(this.#configFile, checkStep), topdir, password);
    this.#master = await startMaster({ basedir: this.#basedir, config });
    const { workersUrl } = this.#master;
    for (const { name } of config.workers) {
      const basedir = join(this.#basedir, 'workers', name);
      await mkdir(basedir, { recursive: true });
      this.#workers.push(
        await startWorker({
          basedir,
          name,
          password,
          masters: [workersUrl],
          environment: this.#runtime.environment.env,
        }),
      );
    }
  }

  async stop(): Promise<void> {
    const workers = this.#workers.splice(0);
    await Promise.all(workers.map((worker) => worker.stop()));
    await this.#master?.stop();
  }
}

/** Where a clone can be made from: the top of the working copy, which may be above `.buildbot`. */
async function topOf(treeDir: string, { environment }: Runtime): Promise<string> {
  const { findWorkingCopy, knownVcs } = await import('./vcs/known.ts');
  const found = await findWorkingCopy(
    knownVcs({ env: environment.env, tmpdir: environment.tmpdir }),
    treeDir,
  );
  if (!found.ok) throw new UserError(found.reason, { hint: found.hint });
  return found.workingCopy.topdir;
}

/** The project's builders, but nothing of its network: loopback only, own passwords, sources from the working copy. */
export function localConfig(config: MasterConfig, topdir: string, password: string): MasterConfig {
  const fromHere = (step: StepConfig): StepConfig =>
    step.type === 'git' ? { ...step, repository: topdir } : step;
  return {
    ...config,
    listen: { workers: '127.0.0.1:0' },
    database: { url: 'sqlite:state.sqlite' },
    workers: config.workers.map(({ passwordFile: _, ...worker }) => ({ ...worker, password })),
    builders: config.builders.map((builder) => ({ ...builder, steps: builder.steps.map(fromHere) })),
    schedulers: [
      {
        type: 'try',
        name: 'try',
        builders: config.builders.map(({ name }) => name),
        jobdir: JOBDIR,
        maxJobBytes: 1024 ** 3,
        properties: {},
        priority: 0,
      },
    ],
  };
}

interface LocalTarget {
  basedir: string;
  link: MasterLink;
  clock: Clock;
  jobId: string;
}

/** As any program on the master's machine does it: a file that appears whole in `new/`. */
async function submitLocally(
  job: Uint8Array,
  { basedir, link, clock, jobId }: LocalTarget,
): Promise<Submitted> {
  const name = `local-${randomBytes(12).toString('hex')}`;
  const jobdir = join(basedir, JOBDIR);
  await writeFile(join(jobdir, 'tmp', name), job, { mode: 0o600 });
  await rename(join(jobdir, 'tmp', name), join(jobdir, 'new', name));
  const client = await link.open();
  for (
    const since = clock.monotonic();
    clock.monotonic() - since < INTAKE_TIMEOUT_MS;
    await clock.sleep(POLL_MS)
  ) {
    const accepted = await acceptedAs(client, jobId);
    if (accepted !== null) return { kind: 'verdict', verdict: accepted, user: null, client, why: null };
    const reason = await readFile(join(jobdir, 'failed', `${name}.reason`), 'utf8').catch(() => null);
    if (reason !== null)
      return {
        kind: 'verdict',
        verdict: { status: 'refused', reason: reason.trim(), hint: null },
        user: null,
        client,
        why: null,
      };
  }
  throw new UserError('the local master did not take the job in', { exitCode: 4 });
}

async function acceptedAs(client: ApiClient, jobId: string) {
  const [set] = await client.resources(
    'buildsets',
    `buildsets?external_idstring=${encodeURIComponent(jobId)}`,
  );
  if (set === undefined) return null;
  const requests = await client.resources('buildrequests', `buildrequests?buildsetid=${set.bsid}`);
  const names = new Map((await client.resources('builders')).map(({ builderid, name }) => [builderid, name]));
  return {
    status: 'accepted' as const,
    buildSetId: set.bsid,
    requests: requests.map(({ buildrequestid, builderid }) => ({
      requestId: buildrequestid,
      builderId: builderid,
      builder: names.get(builderid) ?? '',
    })),
  };
}
