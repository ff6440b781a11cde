/**
 * A whole installation for one test: an upstream git repository, a master and a worker as real processes, an OpenSSH
 * server whose keys carry forced commands, and a developer with nothing but SSH.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { end, type Finished, type Program, program, run, runOk, start, unusedPort } from './processes.ts';
import { createSshWorld, type SshWorld } from './ssh-world.ts';
import { publicKeyOf, type Sshd, startSshd } from './sshd.ts';

/** A step as `master.yaml` has it. */
export type StepSpec = Record<string, unknown> & { type: string };

export interface WorldOptions {
  /** Builder name to steps; by default one builder `linux` that checks out and runs `./run.sh`. */
  builders?: Record<string, StepSpec[]>;
  /** More of `master.yaml`, laid over what is made here. */
  config?: Record<string, unknown>;
  /** How often the master says on a silent stream that it lives; 15 s by default. */
  heartbeat?: string;
  /** Number of workers; 1 by default. */
  workers?: number;
  maxBuilds?: number;
  /** Start master, worker and sshd; true by default. */
  start?: boolean;
  /** Files of the upstream repository's first commit. */
  files?: Record<string, string>;
}

export interface World {
  dir: string;
  /** Bare repository that the worker clones. */
  upstream: string;
  basedir: string;
  jobdir: string;
  configFile: string;
  sshd: Sshd;
  ssh: SshWorld;
  /** Environment of the developer: own HOME, no agent, no colours of the terminal that runs the tests. */
  env: Record<string, string | undefined>;
  /** Git with an identity and nothing of the machine's configuration. */
  git(dir: string, ...args: string[]): Promise<string>;
  /** A fresh working copy with a `.buildbot` that leads to this world. */
  clone(name?: string): Promise<string>;
  /** `buildbot ARGS` in a folder, without a terminal. */
  buildbot(dir: string, args: string[], input?: string | Uint8Array): Promise<Finished>;
  startBuildbot(dir: string, args: string[], env?: Record<string, string>): Program;
  startMaster(): Promise<Program>;
  startWorker(index?: number): Promise<Program>;
  master: Program | null;
  workers: Program[];
  /** GET on BASEDIR/master.sock, parsed. */
  api<T = Record<string, unknown>>(path: string): Promise<T>;
  /** Raw bytes of a GET. */
  apiBytes(path: string): Promise<Buffer>;
  /** A new key that may submit as `user`, as an SSH host alias of the developer's configuration. */
  addUser(user: string): Promise<void>;
  remove(): Promise<void>;
}

export const DEFAULT_FILES = {
  'run.sh': '#!/bin/sh\necho "the test ran"\ncat hello.txt\n',
  'hello.txt': 'hello\n',
};

/** Make a world; the caller removes it (`onTestFinished(() => world.remove())`). */
export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'bb-'));
  const home = join(dir, 'home');
  const upstream = join(dir, 'upstream.git');
  const basedir = join(dir, 'master');
  const jobdir = join(basedir, 'try');
  const workersPort = await unusedPort();
  await mkdir(home, { recursive: true });
  await mkdir(basedir, { recursive: true });
  const env = developerEnv(home);
  const git = (where: string, ...args: string[]): Promise<string> =>
    runOk(['git', '-C', where, ...args], { env });
  await makeUpstream(dir, upstream, git, options.files ?? DEFAULT_FILES);
  const workerNames = Array.from({ length: options.workers ?? 1 }, (_, index) => `w${index + 1}`);
  await writeFile(
    join(basedir, 'master.yaml'),
    stringify(masterConfig(options, upstream, workersPort, workerNames)),
  );
  for (const name of workerNames) {
    const url = `ws://127.0.0.1:${workersPort}`;
    await runOk(
      program('worker', 'create', join(dir, name), '--master', url, '--name', name, '--password', 'secret'),
    );
  }
  const sshd = await startSshd({ authorizedKeys: '' });
  const ssh = await createSshWorld();
  await ssh.trust(sshd.knownHostsLine);
  const clients: Program[] = [];
  const world: World = {
    dir,
    upstream,
    basedir,
    jobdir,
    configFile: ssh.configFile,
    sshd,
    ssh,
    env,
    git,
    master: null,
    workers: [],
    async clone(name = 'work') {
      const target = join(dir, name);
      await runOk(['git', 'clone', '-q', upstream, target], { env });
      await writeFile(join(target, '.git', 'info', 'exclude'), '.buildbot\n');
      await writeFile(join(target, '.buildbot'), stringify({ connect: 'ssh', host: 'alice', jobdir }));
      return target;
    },
    buildbot: (cwd, args, input) =>
      run(program('cli', ...args), { cwd, env, ...(input === undefined ? {} : { input }) }),
    startBuildbot(cwd, args, more = {}) {
      const started = start(program('cli', ...args), { cwd, env: { ...env, ...more } });
      clients.push(started);
      return started;
    },
    async startMaster() {
      const master = start(program('master', 'run', basedir));
      await master.says(/^buildbot-master ready/m);
      world.master = master;
      return master;
    },
    async startWorker(index = 0) {
      const worker = start(program('worker', 'run', join(dir, workerNames[index] as string)));
      await worker.says(/^buildbot-worker ready/m);
      world.workers.push(worker);
      return worker;
    },
    api: async (path) => JSON.parse((await get(basedir, path)).toString()),
    apiBytes: (path) => get(basedir, path),
    async addUser(user) {
      const key = await ssh.newKey(`key-${user}`);
      const command = [...program('cli'), 'tryserver', '--jobdir', jobdir, '--user', user].join(' ');
      await sshd.authorize(`restrict,command="${command}" ${await publicKeyOf(key)} ${user}`);
      await ssh.addHost(user, { ...sshd, clientKey: key });
    },
    async remove() {
      // One that follows a master tries for ever to reach it again.
      await Promise.all(clients.map((client) => end(client, 'SIGKILL')));
      await Promise.all(world.workers.map((worker) => end(worker, 'SIGKILL')));
      if (world.master !== null) await end(world.master, 'SIGKILL');
      await sshd.stop();
      await ssh.remove();
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  await writeUserConfig(home, ssh.configFile);
  await world.addUser('alice');
  if (options.start ?? true) {
    await world.startMaster();
    await Promise.all(workerNames.map((_, index) => world.startWorker(index)));
  }
  return world;
}

function developerEnv(home: string): Record<string, string | undefined> {
  return {
    PATH: process.env.PATH,
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_CACHE_HOME: join(home, '.cache'),
    LANG: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Dev',
    GIT_AUTHOR_EMAIL: 'dev@example.org',
    GIT_COMMITTER_NAME: 'Dev',
    GIT_COMMITTER_EMAIL: 'dev@example.org',
  };
}

/** The user's own configuration may say which SSH configuration to use; a file in a source tree may not. */
async function writeUserConfig(home: string, sshConfig: string): Promise<void> {
  await mkdir(join(home, '.config', 'buildbot'), { recursive: true });
  await writeFile(join(home, '.config', 'buildbot', 'config.yaml'), stringify({ sshConfig }));
}

async function makeUpstream(
  dir: string,
  upstream: string,
  git: World['git'],
  files: Record<string, string>,
): Promise<void> {
  const seed = join(dir, 'seed');
  await mkdir(seed);
  await git(seed, 'init', '-q', '-b', 'main');
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(seed, name), text, { mode: name.endsWith('.sh') ? 0o755 : 0o644 });
  }
  await git(seed, 'add', '-A');
  await git(seed, 'commit', '-q', '-m', 'first');
  await git(dir, 'clone', '-q', '--bare', seed, upstream);
  await rm(seed, { recursive: true });
}

function masterConfig(
  options: WorldOptions,
  upstream: string,
  workersPort: number,
  workers: string[],
): object {
  const checkout = { type: 'git', repository: upstream, branch: 'main', mode: 'full', method: 'fresh' };
  const builders: Record<string, StepSpec[]> = options.builders ?? {
    linux: [checkout, { type: 'shell', name: 'test', command: ['./run.sh'] }],
  };
  const names = Object.keys(builders);
  return {
    title: 'Test',
    listen: {
      workers: `127.0.0.1:${workersPort}`,
      ...(options.heartbeat === undefined ? {} : { heartbeat: options.heartbeat }),
    },
    workers: workers.map((name) => ({ name, password: 'secret', maxBuilds: options.maxBuilds ?? 2 })),
    builders: names.map((name) => ({ name, workers, steps: expand(builders[name] as StepSpec[], checkout) })),
    schedulers: [
      { type: 'try', name: 'try', builders: names },
      { type: 'force', name: 'force', builders: names },
    ],
    ...options.config,
  };
}

/** `{ type: 'checkout' }` stands for the git step of this world's repository. */
function expand(steps: StepSpec[], checkout: object): object[] {
  return steps.map((step) => (step.type === 'checkout' ? { ...checkout, ...step, type: 'git' } : step));
}

function get(basedir: string, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: join(basedir, 'master.sock'), path }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks)));
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end();
  });
}
