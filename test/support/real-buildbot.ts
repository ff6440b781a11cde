/** A real Buildbot 3.7 master with a worker in its own process (Debian's packages), to be spoken with. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { end, runOk, start, until } from './processes.ts';

/** Debian's programs, which share their names with ours. */
export const REAL_BUILDBOT = '/usr/bin/buildbot';

export interface RealMaster {
  /** The try directory its scheduler looks into. */
  jobdir: string;
  /** What it has written to its log so far. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

/** One builder `linux` that checks `upstream` out, applies the try patch and runs `command`. */
function masterCfg(upstream: string, jobdir: string, command: readonly string[]): string {
  return `
from buildbot.plugins import schedulers, steps, util, worker
c = BuildmasterConfig = {}
c['buildbotNetUsageData'] = None
c['db'] = {'db_url': 'sqlite:///state.sqlite'}
c['protocols'] = {'pb': {'port': 'tcp:0:interface=127.0.0.1'}}
c['workers'] = [worker.LocalWorker('local')]
c['builders'] = [util.BuilderConfig('linux', workernames=['local'], factory=util.BuildFactory([
    steps.Git(repourl=${JSON.stringify(upstream)}, branch='main', mode='full', method='fresh'),
    steps.ShellCommand(name='run', command=${JSON.stringify(command)})]))]
c['schedulers'] = [schedulers.Try_Jobdir(name='try', builderNames=['linux'], jobdir=${JSON.stringify(jobdir)})]
`;
}

/** Make and start it; resolves when it serves. */
export async function startRealMaster(
  dir: string,
  upstream: string,
  command: readonly string[],
): Promise<RealMaster> {
  const basedir = join(dir, 'real-master');
  const jobdir = join(basedir, 'jobdir');
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  await runOk([REAL_BUILDBOT, 'create-master', '-q', basedir], { env });
  for (const folder of ['tmp', 'new', 'cur']) await mkdir(join(jobdir, folder), { recursive: true });
  await writeFile(join(basedir, 'master.cfg'), masterCfg(upstream, jobdir, command));
  const log = (): Promise<string> => readFile(join(basedir, 'twistd.log'), 'utf8').catch(() => '');
  const master = start([REAL_BUILDBOT, 'start', '--nodaemon', basedir], { env });
  const stop = async (): Promise<void> => void (await end(master, 'SIGKILL'));
  try {
    await until(
      'the real master to run',
      async () => (await log()).includes('BuildMaster is running'),
      60_000,
    );
  } catch (error) {
    await stop();
    throw new Error(`real Buildbot did not start:\n${master.stdout()}${master.stderr()}${await log()}`, {
      cause: error,
    });
  }
  return { jobdir, log, stop };
}
