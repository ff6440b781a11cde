/** `start`, `stop` and `status`: the worker seen from another process. */
import { fork } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ExternalError, UserError } from '@buildbot/shared/errors';
import { runningPid, waitForExit } from './pid-file.ts';
import type { StartReport } from './run.ts';
import { readStanding } from './standing.ts';

/** Commands get their grace and a farewell to the master; this is only the bound after which something is wrong. */
const STOP_TIMEOUT_MS = 60_000;
/** How often it is looked what a worker on its way out waits for. */
const NOTE_MS = 200;

/** Start the worker in the background and wait for the first answer of a master; a line about it is the result. */
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
    throw new UserError(report.failed, { hint: `its log is ${logPath}`, exitCode: 1 });
  } finally {
    await log.close();
  }
}

export interface StopInput {
  basedir: string;
  /** Do not wait for builds. */
  now: boolean;
  /** End it at once after so long; `null` for never. Milliseconds. */
  timeoutMs: number | null;
  /** Told what the worker waits for. */
  out: (line: string) => void;
}

/** Ask the worker to end and wait until it really has; `false` when none ran. */
export async function stop({ basedir, now, timeoutMs, out }: StopInput): Promise<boolean> {
  const pid = runningPid(basedir);
  if (pid === null) return false;
  process.kill(pid, now ? 'SIGQUIT' : 'SIGTERM');
  if (!now) {
    if (await waitForDrain(pid, { basedir, timeoutMs, out })) return true;
    out('that took too long: ending it now');
    process.kill(pid, 'SIGQUIT');
  }
  if (await waitForExit(pid, STOP_TIMEOUT_MS)) return true;
  throw new ExternalError('buildbot-worker', `pid ${pid} did not end within ${STOP_TIMEOUT_MS / 1000} s`, {
    hint: `look into ${join(basedir, 'worker.log')}`,
  });
}

/** `false` when it is still there after the time. */
async function waitForDrain(
  pid: number,
  { basedir, timeoutMs, out }: Omit<StopInput, 'now'>,
): Promise<boolean> {
  let told: string | null = null;
  for (let left = timeoutMs ?? Number.POSITIVE_INFINITY; left > 0; left -= NOTE_MS) {
    if (await waitForExit(pid, Math.min(left, NOTE_MS))) return true;
    const waitsFor = readStanding(basedir, pid)?.waitsFor ?? null;
    if (waitsFor !== null && waitsFor !== told) out(`waiting for ${waitsFor}`);
    told = waitsFor;
  }
  return false;
}
