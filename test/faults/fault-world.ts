/** A master and a worker as real processes, on disks that fill and clocks that jump, and one builder that runs a script. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { MasterApi } from '../chaos/master-api.ts';
import { end, type Program, program, runOk, start, until, unusedPort } from '../support/processes.ts';

type Env = Readonly<Record<string, string>>;

export interface FaultWorldOptions {
  /** Where the master's and the worker's folders are, if not in the world's own. */
  masterDisk?: string;
  workerDisk?: string;
  /** `database.url` of the master's configuration. */
  database?: string;
  /** `workerLink` of the master's configuration, in its words. */
  workerLink?: object;
  retry?: object;
  /** `suspect` of the master's configuration. */
  suspect?: object;
}

export interface BuildRow {
  buildid: number;
  complete: boolean;
  results: number | null;
  state_string: string;
  started_at: number;
  complete_at: number | null;
  infrastructure?: boolean;
}

export interface FaultWorld {
  dir: string;
  masterDir: string;
  workerDir: string;
  api: MasterApi;
  startMaster(env?: Env): Promise<Program>;
  startWorker(env?: Env): Promise<Program>;
  /** The same without waiting until it is ready: it may end before. */
  launchWorker(env: Env): Program;
  /** Ask for a build that runs this shell script, with the number of the build as `$1`; answers the id of its build set. */
  force(script: string, reason?: string): Promise<number>;
  /** Every build so far, oldest first. */
  builds(): Promise<BuildRow[]>;
  /** The newest build once it is complete. */
  finished(count?: number, withinMs?: number): Promise<BuildRow>;
  /** SHA-256 of a build's only log, as it is now. */
  logHash(buildId: number): Promise<string>;
  logText(buildId: number): Promise<string>;
  close(): Promise<void>;
}

export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export async function makeFaultWorld(options: FaultWorldOptions = {}): Promise<FaultWorld> {
  const dir = await realpath(mkdtempSync(join(tmpdir(), 'fault-')));
  const masterDir = join(options.masterDisk ?? dir, 'master');
  const workerDir = join(options.workerDisk ?? dir, 'worker');
  const port = await unusedPort();
  mkdirSync(masterDir, { recursive: true });
  writeFileSync(join(masterDir, 'master.yaml'), stringify(masterConfig(dir, port, options)));
  const url = `ws://127.0.0.1:${port}`;
  await runOk(
    program('worker', 'create', workerDir, '--master', url, '--name', 'w1', '--password', 'secret'),
  );
  const programs: Program[] = [];
  let jobs = 0;
  const launch = (which: 'master' | 'worker', basedir: string, env: Env): Program => {
    const started = start(program(which, 'run', basedir), { env: { ...process.env, ...env } });
    programs.push(started);
    return started;
  };
  const begin = async (which: 'master' | 'worker', basedir: string, env: Env): Promise<Program> => {
    const started = launch(which, basedir, env);
    await started.says(new RegExp(`^buildbot-${which} ready`, 'm'));
    return started;
  };
  const api = new MasterApi(join(masterDir, 'master.sock'));
  const builds = async () => (await api.get<{ builds: BuildRow[] }>('/api/v2/builds?order=buildid')).builds;
  const logBytes = async (buildId: number) => {
    const { steps } = await api.get<{ steps: { stepid: number }[] }>(`/api/v2/builds/${buildId}/steps`);
    const { logs } = await api.get<{ logs: { logid: number }[] }>(`/api/v2/steps/${steps[0]?.stepid}/logs`);
    return await api.bytes(`/api/v2/logs/${logs[0]?.logid}/raw`);
  };
  return {
    ...{ dir, masterDir, workerDir, api, builds },
    startMaster: (env = {}) => begin('master', masterDir, env),
    startWorker: (env = {}) => begin('worker', workerDir, env),
    launchWorker: (env) => launch('worker', workerDir, env),
    async force(script, reason = 'to see') {
      const name = `job-${++jobs}.sh`;
      writeFileSync(join(dir, name), script);
      const params = { builderNames: ['b'], reason, job: name };
      return (await api.rpc<[number]>('forceschedulers/force', 'force', params))[0];
    },
    finished: (count = 1, withinMs = 40_000) =>
      until(
        `build ${count} is complete`,
        async () => {
          const build = (await builds())[count - 1];
          return build?.complete === true ? build : null;
        },
        withinMs,
      ),
    logHash: async (buildId) => sha256(await logBytes(buildId)),
    logText: async (buildId) => (await logBytes(buildId)).toString(),
    async close() {
      for (const started of programs) {
        started.child.kill('SIGCONT');
        await end(started, 'SIGKILL');
      }
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function masterConfig(dir: string, port: number, options: FaultWorldOptions): object {
  const { database, workerLink, retry, suspect } = options;
  const step = {
    type: 'shell',
    name: 'job',
    command: ['/bin/sh', join(dir, '%(prop:job)s'), '%(prop:buildnumber)s'],
    sigtermTime: '1s',
  };
  return {
    listen: { workers: `127.0.0.1:${port}` },
    workers: [{ name: 'w1', password: 'secret' }],
    builders: [{ name: 'b', workers: ['w1'], steps: [step] }],
    schedulers: [{ type: 'force', name: 'force', builders: ['b'] }],
    ...(database === undefined ? {} : { database: { url: database } }),
    ...(workerLink === undefined ? {} : { workerLink }),
    ...(retry === undefined ? {} : { retry }),
    ...(suspect === undefined ? {} : { suspect }),
  };
}
