/** `start`, `stop`, `restart` and `status`: the daemon seen from another process. */
import { fork } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ExternalError, UserError } from '@buildbot/shared/errors';
import { findConfig } from '../config/find.ts';
import { GRACEFUL_SIGNAL } from './end-signals.ts';
import { runningPid, waitForExit } from './pid-file.ts';
import { SMALL_HEAP } from './small-heap.ts';

/** Builds run on at the workers, so leaving is quick; this is only the bound after which something is wrong. */
const STOP_TIMEOUT_MS = 30_000;

export function pidFile(basedir: string): string {
  return join(basedir, 'master.pid');
}

/** What the daemon tells the process that started it. */
export type StartReport = { ready: string } | { failed: string };

/** Start the daemon in the background and wait until it serves; its ready line is the result. */
export async function start(basedir: string, bin: string): Promise<string> {
  const running = await runningPid(pidFile(basedir));
  if (running !== null) throw new UserError(`the master in ${basedir} runs already (pid ${running})`);
  // A folder without a master gets no log file either.
  await findConfig(basedir);
  const logPath = join(basedir, 'master.log');
  const log = await open(logPath, 'a', 0o600);
  try {
    const child = fork(bin, ['run', basedir], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
      execArgv: [...SMALL_HEAP],
    });
    const report = await new Promise<StartReport>((resolve) => {
      child.once('message', (message) => resolve(message as StartReport));
      child.once('exit', (code) => resolve({ failed: `it ended with code ${code}` }));
    });
    if (child.connected) child.disconnect();
    child.unref();
    if ('failed' in report) {
      throw new ExternalError('buildbot-master', report.failed, { hint: `its log is ${logPath}` });
    }
    return report.ready;
  } finally {
    await log.close();
  }
}

/**
 * Ask the daemon to end and wait until it has; `false` when none ran. `graceful` lets it first wait for the builds that
 * run, however long they take.
 */
export async function stop(basedir: string, { graceful = false } = {}): Promise<boolean> {
  const pid = await runningPid(pidFile(basedir));
  if (pid === null) return false;
  process.kill(pid, graceful ? GRACEFUL_SIGNAL : 'SIGTERM');
  const limitMs = graceful ? Number.POSITIVE_INFINITY : STOP_TIMEOUT_MS;
  if (!(await waitForExit(pidFile(basedir), pid, limitMs))) {
    throw new ExternalError('buildbot-master', `pid ${pid} did not end within ${STOP_TIMEOUT_MS / 1000} s`, {
      hint: `look into ${join(basedir, 'master.log')}`,
    });
  }
  return true;
}
