/** A real Buildbot 3.7 master with a worker in its own process (Debian's packages), to be spoken with. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { end, runOk, start, until, unusedPort } from './processes.ts';

/** Debian's programs, which share their names with ours. */
export const REAL_BUILDBOT = '/usr/bin/buildbot';

export interface RealMaster {
  /** The try directory its scheduler looks into. */
  jobdir: string;
  /** URL of its API. */
  api: string;
  /** What it has written to its log so far. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

/** Debian packs no web UI, without which a master starts no web server: this stands in for it with nothing to show. */
const NO_WEB_UI = `
from twisted.web import resource

class NoWebUi:
    version = '0'
    ui = False
    def __init__(self):
        self.resource = resource.Resource()
        self.static_dir = '.'
    def setMaster(self, master):
        pass
    def setConfiguration(self, config):
        pass

base = NoWebUi()
`;

/** Where a master started with this folder on its path finds it. */
async function makeNoWebUi(dir: string): Promise<string> {
  const site = join(dir, 'no-web-ui');
  const about = join(site, 'no_web_ui-0.dist-info');
  await mkdir(about, { recursive: true });
  await writeFile(join(site, 'no_web_ui.py'), NO_WEB_UI);
  await writeFile(join(about, 'METADATA'), 'Metadata-Version: 2.1\nName: no-web-ui\nVersion: 0\n');
  await writeFile(join(about, 'entry_points.txt'), '[buildbot.www]\nbase = no_web_ui:base\n');
  return site;
}

/**
 * A builder `linux` that checks `upstream` out, applies the try patch and runs `command`, and one `shell` that runs it
 * alone; both can be forced.
 */
function masterCfg(upstream: string, jobdir: string, command: readonly string[], port: number): string {
  return `
from buildbot.plugins import schedulers, steps, util, worker
c = BuildmasterConfig = {}
c['buildbotNetUsageData'] = None
c['db'] = {'db_url': 'sqlite:///state.sqlite'}
c['protocols'] = {'pb': {'port': 'tcp:0:interface=127.0.0.1'}}
c['workers'] = [worker.LocalWorker('local')]
c['builders'] = [util.BuilderConfig('linux', workernames=['local'], factory=util.BuildFactory([
    steps.Git(repourl=${JSON.stringify(upstream)}, branch='main', mode='full', method='fresh'),
    steps.ShellCommand(name='run', command=${JSON.stringify(command)})])),
  util.BuilderConfig('shell', workernames=['local'], factory=util.BuildFactory([
    steps.ShellCommand(name='run', command=${JSON.stringify(command)})]))]
c['schedulers'] = [schedulers.Try_Jobdir(name='try', builderNames=['linux'], jobdir=${JSON.stringify(jobdir)}),
  schedulers.ForceScheduler(name='force', builderNames=['linux', 'shell'])]
c['www'] = {'port': 'tcp:${port}:interface=127.0.0.1'}
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
  const port = await unusedPort();
  const env = { ...process.env, LC_ALL: 'C.UTF-8', PYTHONPATH: await makeNoWebUi(dir) };
  await runOk([REAL_BUILDBOT, 'create-master', '-q', basedir], { env });
  for (const folder of ['tmp', 'new', 'cur']) await mkdir(join(jobdir, folder), { recursive: true });
  await writeFile(join(basedir, 'master.cfg'), masterCfg(upstream, jobdir, command, port));
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
  return { jobdir, api: `http://127.0.0.1:${port}`, log, stop };
}
