/** A master, workers behind proxies, jobs and what they print: real processes in a folder of their own. */
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type ChaosProxy, startChaosProxy } from '../support/chaos-proxy.ts';
import { program, runOk, unusedPort } from '../support/processes.ts';
import { type ShiftedClock, shiftedClock } from '../support/shims/shims.ts';
import { type SmallDisk, smallDisk } from '../support/small-disk.ts';
import { Daemon } from './daemon.ts';
import type { FaultKind } from './fault-plan.ts';
import { BUILDERS, FUGITIVE, type LedgerLine, makeText, parseLedger } from './jobs.ts';
import { MasterApi } from './master-api.ts';
import type { Random } from './random.ts';

export interface WorldOptions {
  workers: number;
  /** How many different texts there are to print, and how long one may be. */
  texts: number;
  maxTextBytes: number;
  /** Decide what is prepared: small disks, clocks that can be moved. */
  kinds: readonly FaultKind[];
  /** How long master and worker wait for one another. Milliseconds. */
  graceMs: number;
}

/** A daemon with all that can be done to it. */
export interface Host {
  daemon: Daemon;
  basedir: string;
  /** Its small disk, if disks are to be filled. */
  disk: SmallDisk | null;
  /** Its clock, if clocks are to jump. */
  clock: ShiftedClock | null;
}

export interface WorkerHost extends Host {
  proxy: ChaosProxy;
}

export interface ChaosWorld {
  dir: string;
  jobdir: string;
  api: MasterApi;
  master: Host;
  workers: WorkerHost[];
  texts: Buffer[];
  ledger(): Promise<LedgerLine[]>;
  /** Processes of builds that run now, whoever their parent is. */
  buildProcesses(): Promise<{ pid: number; key: string }[]>;
  /** End every process; nothing is removed. */
  end(): Promise<void>;
  remove(): Promise<void>;
}

const DISK_MEBIBYTES = 96;

export async function createChaosWorld(random: Random, options: WorldOptions): Promise<ChaosWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'chaos-'));
  for (const name of ['run', 'jobs', 'texts']) await mkdir(join(dir, name));
  await writeFile(join(dir, 'fugitive.sh'), FUGITIVE);
  const texts = Array.from({ length: options.texts }, (_, n) => makeText(random, n, options.maxTextBytes));
  await Promise.all(texts.map((text, n) => writeFile(join(dir, 'texts', String(n)), text)));
  const port = await unusedPort();
  const master = await createHost(dir, 'master', options);
  await mkdir(master.basedir, { recursive: true });
  await writeFile(join(master.basedir, 'master.yaml'), stringify(masterConfig(dir, port, options)));
  const workers: WorkerHost[] = [];
  for (const name of workerNames(options)) workers.push(await createWorker(dir, name, port, options));
  const hosts: Host[] = [master, ...workers];
  const end = async (): Promise<void> => {
    await Promise.all(hosts.map(({ daemon }) => daemon.end()));
    await Promise.all(workers.map(({ proxy }) => proxy.close()));
    for (const { pid } of await buildProcesses(dir)) killQuietly(pid);
  };
  return {
    dir,
    jobdir: join(master.basedir, 'try'),
    api: new MasterApi(join(master.basedir, 'master.sock')),
    master,
    workers,
    texts,
    ledger: async () => parseLedger(await readFile(join(dir, 'ledger'), 'utf8').catch(() => '')),
    buildProcesses: () => buildProcesses(dir),
    end,
    async remove() {
      await end();
      for (const { disk } of hosts) await disk?.remove();
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function workerNames({ workers }: WorldOptions): string[] {
  return Array.from({ length: workers }, (_, index) => `w${index + 1}`);
}

async function createWorker(
  dir: string,
  name: string,
  port: number,
  options: WorldOptions,
): Promise<WorkerHost> {
  const proxy = await startChaosProxy(port);
  const host = await createHost(dir, name, options);
  const master = `ws://127.0.0.1:${proxy.port}`;
  await runOk(
    program('worker', 'create', host.basedir, '--master', master, '--name', name, '--password', 'secret'),
  );
  return { ...host, proxy };
}

/** A daemon that is not started yet, in its folder. */
async function createHost(dir: string, name: string, { kinds }: WorldOptions): Promise<Host> {
  const disk = kinds.includes('disk') ? await smallDisk(DISK_MEBIBYTES) : null;
  const clock = kinds.includes('clock') ? await shiftedClock() : null;
  const basedir = disk === null ? join(dir, name) : join(disk.path, name);
  if (disk !== null) await symlink(basedir, join(dir, name));
  const kind = name === 'master' ? 'master' : 'worker';
  const daemon = new Daemon({
    name,
    argv: program(kind, 'run', basedir),
    ready: new RegExp(`^buildbot-${kind} ready`, 'm'),
    logFile: join(dir, `${name}.log`),
    env: { ...process.env, ...clock?.env },
  });
  return { daemon, basedir, disk, clock };
}

function masterConfig(dir: string, port: number, options: WorldOptions): object {
  const names = workerNames(options);
  const command = (step: number): string[] => [
    '/bin/sh',
    `${dir}/jobs/%(prop:job)s.${step}`,
    `%(prop:buildername)s.%(prop:buildnumber)s.${step}`,
    dir,
  ];
  const steps = (count: number): object[] =>
    Array.from({ length: count }, (_, step) => ({
      type: 'shell',
      name: `step${step}`,
      command: command(step),
      sigtermTime: 1,
    }));
  const builders = Object.entries(BUILDERS).map(([name, count]) => ({
    name,
    workers: names,
    steps: steps(count),
  }));
  const probes = names.map((name) => ({
    name: `probe-${name}`,
    workers: [name],
    steps: [{ type: 'shell', name: 'probe', command: ['true'] }],
  }));
  return {
    title: 'Chaos',
    listen: { workers: `127.0.0.1:${port}` },
    // Seconds. Short enough that silence is noticed within a round.
    workerLink: { keepalive: 2, timeout: 1, grace: options.graceMs / 1000 },
    workers: names.map((name) => ({ name, password: 'secret', maxBuilds: 2 })),
    // Whatever is lost is tried again at once and as often as it takes: nothing may end on the shelf.
    retry: { attempts: 100, delay: 0.2, factor: 1 },
    suspect: { after: 1_000_000 },
    builders: [...builders, ...probes],
    schedulers: [
      { type: 'try', name: 'try', builders: Object.keys(BUILDERS) },
      { type: 'force', name: 'force', builders: [...builders, ...probes].map(({ name }) => name) },
    ],
  };
}

/** Every process whose working folder is that of a command's key. */
async function buildProcesses(dir: string): Promise<{ pid: number; key: string }[]> {
  const run = `${dir}/run/`;
  const found: { pid: number; key: string }[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const folder = await readlink(`/proc/${name}/cwd`).catch(() => '');
    if (folder.startsWith(run)) found.push({ pid: Number(name), key: folder.slice(run.length) });
  }
  return found;
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
