/**
 * `buildbot try --local`: the composition of a master and its workers inside this one process, the only file of the CLI
 * that knows either. Same configuration, screens and results as with a server. The database lives in the user's cache,
 * one per working copy, so that past builds give estimates.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import type { MasterHandle } from '@buildbot/master';
import { type MasterConfig, messageOf, type StepConfig, UserError } from '@buildbot/shared';
import type { WorkerHandle } from '@buildbot/worker';
import type { ApiClient } from './client/api-client.ts';
import type { Clock } from './clock.ts';
import type { LoadedSettings } from './config/load-settings.ts';
import { Interrupted } from './services/intents.ts';
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

/** @throws UserError when `.buildbot` names no configuration */
export function localInputOf({ local, treeDir }: Pick<LoadedSettings, 'local' | 'treeDir'>): LocalInput {
  if (local !== undefined && treeDir !== null) return { configFile: local, treeDir };
  throw new UserError('--local needs the configuration of a master', {
    hint: "Write 'local: ci/master.yaml' into a .buildbot file at the top of the source tree.",
  });
}

export function localSubmitter(input: LocalInput, runtime: Runtime): Submitter {
  const world = new LocalWorld(input, runtime);
  const { basedir, link } = world;
  return {
    name: 'this machine',
    link,
    prepare: () => world.start(),
    submit: (job, jobId) => submitLocally(job, { basedir, link, clock: runtime.clock, jobId }),
    close: () => world.stop(),
  };
}

/** For reading what earlier runs have left: with the master that is running now, or one that builds nothing. */
export async function withLocalLink<T>(
  input: LocalInput,
  runtime: Runtime,
  use: (link: MasterLink) => Promise<T>,
): Promise<T> {
  const world = new LocalWorld(input, runtime);
  try {
    await world.startMaster();
    return await use(world.link);
  } finally {
    await world.stop();
  }
}

class LocalWorld {
  readonly basedir: string;
  readonly link: MasterLink;
  readonly #input: LocalInput;
  readonly #runtime: Runtime;
  readonly #password = randomBytes(24).toString('base64url');
  #workerNames: readonly string[] = [];
  #master: MasterHandle | undefined;
  #workers: WorkerHandle[] = [];
  #starting: Promise<void> | undefined;
  readonly #stopping = new AbortController();

  constructor(input: LocalInput, runtime: Runtime) {
    const tree = createHash('sha256').update(input.treeDir).digest('hex').slice(0, 16);
    this.basedir = join(runtime.environment.cacheDir, 'local', tree);
    this.link = addressLink(`unix:${join(this.basedir, 'master.sock')}`);
    this.#input = input;
    this.#runtime = runtime;
  }

  /** Ready to build. @throws Interrupted when it is stopped meanwhile */
  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    if (!(await this.startMaster())) throw isRunningAlready();
    this.#stopping.signal.throwIfAborted();
    await this.#cancelLeftovers();
    await this.#startWorkers();
  }

  /** False when another process has the database. */
  async startMaster(): Promise<boolean> {
    const { configFile, treeDir } = this.#input;
    const [{ checkStep, loadConfig, startMaster }, topdir] = await Promise.all([
      import('@buildbot/master'),
      topOf(treeDir, this.#runtime),
      mkdir(this.basedir, { recursive: true, mode: 0o700 }),
    ]);
    const isRight = (step: StepConfig) => checkStep(fromHere(step, topdir));
    const loaded = await loadConfig(resolve(treeDir, configFile), isRight);
    const config = localConfig(loaded, topdir, this.#password);
    this.#workerNames = config.workers.map(({ name }) => name);
    this.#stopping.signal.throwIfAborted();
    try {
      this.#master = await startMaster({ basedir: this.basedir, config, owner: ownName(this.#runtime) });
      return true;
    } catch (error) {
      if (messageOf(error).includes('in use by another')) return false;
      throw error;
    }
  }

  async #startWorkers(): Promise<void> {
    if (this.#master === undefined) return;
    const { workersUrl } = this.#master;
    const { startWorker } = await import('@buildbot/worker');
    for (const name of this.#workerNames) {
      this.#stopping.signal.throwIfAborted();
      const basedir = join(this.basedir, 'workers', name);
      await mkdir(basedir, { recursive: true });
      const environment = this.#runtime.environment.env;
      const masters = [workersUrl];
      this.#workers.push(
        await startWorker({ basedir, name, password: this.#password, masters, environment }),
      );
    }
  }

  /** What a run that was killed left in the queue is nobody's wish any longer. */
  async #cancelLeftovers(): Promise<void> {
    const client = await this.link.open();
    const reason = 'left over from a try that was interrupted';
    for (const { buildrequestid } of await client.resources('buildrequests', 'buildrequests?complete=false'))
      await client.control(`buildrequests/${buildrequestid}`, 'cancel', { reason });
  }

  /** What is being started would keep this process alive, and the next one from starting: it is waited for. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Interrupted('stopped while it started'));
    await this.#starting?.catch(() => {});
    this.link.close();
    const workers = this.#workers.splice(0);
    await Promise.all(workers.map((worker) => worker.stop()));
    await this.#master?.stop();
  }
}

/** Builds of this master belong to whoever runs it. An account without an entry in the user database has no name. */
function ownName({ environment }: Runtime): string {
  try {
    return userInfo().username;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return environment.env.USER || 'you';
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

/** The source is the working copy, whatever repository a server would take it from. */
function fromHere(step: StepConfig, topdir: string): StepConfig {
  return step.type === 'git' ? { ...step, repository: topdir } : step;
}

function isRunningAlready(): UserError {
  return new UserError('another try --local of this working copy is running', {
    hint: 'Wait for its end, or stop it there with Ctrl-C.',
  });
}

/** The project's builders, but nothing of its network: loopback only, own passwords, sources from the working copy. */
function localConfig(config: MasterConfig, topdir: string, password: string): MasterConfig {
  return {
    ...config,
    listen: { workers: '127.0.0.1:0' },
    database: { url: 'sqlite:state.sqlite' },
    workers: config.workers.map(({ passwordFile: _, ...worker }) => ({ ...worker, password })),
    builders: config.builders.map((builder) => ({
      ...builder,
      steps: builder.steps.map((step) => fromHere(step, topdir)),
    })),
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
