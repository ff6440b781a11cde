/** `start`, `stop` and `status`: the worker seen from another process. */
import { fork } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ExternalError, UserError } from '@buildbot/shared/errors';
import { runningPid, waitForExit } from './pid-file.ts';
import type { StartReport } from './run.ts';

/** Commands get their grace and a farewell to the master; this is only the bound after which something is wrong. */
const STOP_TIMEOUT_MS = 60_000;

/** Start the worker in the background and wait until it runs; its ready line is the result. */
export async function start(basedir: string, bin: string): Promise<string> {
  const running = runningPid(basedir);
  if (running !== null) throw new UserError(`a worker runs in ${basedir} already (pid ${running})`);
  const logPath = join(basedir, 'worker.log');
  const log = await open(logPath, 'a', 0o600).catch((error: unknown) => {
    throw new UserError(`cannot write ${logPath}`, {
      hint: 'has it been made with: buildbot-worker create',
      cause: error,
    });
  });
  try {
    const child = fork(bin, ['run', basedir], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
      execArgv: [],
    });
    const report = await new Promise<StartReport>((resolve) => {
      child.once('message', (message) => resolve(message as StartReport));
      child.once('exit', (code) => resolve({ failed: `it ended with code ${code}` }));
    });
    if (child.connected) child.disconnect();
    child.unref();
    if ('ready' in report) return report.ready;
    throw new ExternalError('buildbot-worker', report.failed, { hint: `its log is ${logPath}` });
  } finally {
    await log.close();
  }
}

/** Ask the worker to end and wait until it really has; `false` when none ran. */
export async function stop(basedir: string): Promise<boolean> {
  const pid = runningPid(basedir);
  if (pid === null) return false;
  process.kill(pid, 'SIGTERM');
  if (await waitForExit(pid, STOP_TIMEOUT_MS)) return true;
  throw new ExternalError('buildbot-worker', `pid ${pid} did not end within ${STOP_TIMEOUT_MS / 1000} s`, {
    hint: `look into ${join(basedir, 'worker.log')}`,
  });
}
