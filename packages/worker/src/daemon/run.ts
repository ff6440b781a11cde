/** `buildbot-worker run`: the worker itself, in the foreground, until a signal or the master ends it. */
import { messageOf, UserError } from '@buildbot/shared';
import { systemClock } from '../clock.ts';
import { loadSettings, type WorkerSettings } from '../config/load.ts';
import { lineLog, type WorkerLog } from '../log.ts';
import type { SessionState } from '../session/session.ts';
import { startWorker, type WorkerHandle } from '../start-worker.ts';
import { acquirePidFile } from './pid-file.ts';

/** What the worker tells the process that started it in the background. */
export type StartReport = { ready: string } | { failed: string };

export interface RunInput {
  basedir: string;
  version: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** One line to standard output. */
  out: (line: string) => void;
  /** One line, with its end, to standard error. */
  err: (text: string) => void;
  report: (report: StartReport) => void;
}

function endSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
      process.once(signal, () => resolve(signal));
  });
}

function tellState(log: WorkerLog, state: SessionState): void {
  if (state.kind === 'connected') log.info(`connected to ${state.url}`);
  if (state.kind === 'waiting')
    log.warn(`not connected: ${state.reason}; again in ${(state.delayMs / 1000).toFixed(1)} s`);
}

/** Resolves with the master's reason when it will not have this worker. */
function dismissal(worker: WorkerHandle): Promise<UserError> {
  return new Promise((resolve) => {
    worker.onState((state) => {
      if (state.kind !== 'stopped' || state.reason === null) return;
      resolve(new UserError(`the master sent this worker away: ${state.reason}`, { exitCode: 1 }));
    });
  });
}

function start({ basedir, version, environment }: RunInput, settings: WorkerSettings, log: WorkerLog) {
  const { name, password, masters, admin = null, host = null, spoolMiB, environment: allowed } = settings;
  return startWorker({
    ...{ basedir, name, password, masters, environment, log },
    info: { admin, host, version },
    spoolBytes: spoolMiB * 1024 * 1024,
    ...(allowed === undefined ? {} : { allowedEnvironment: allowed }),
  });
}

async function runHeld(input: RunInput, settings: WorkerSettings): Promise<void> {
  const log = lineLog(systemClock, input.err);
  const ended = endSignal();
  const worker = await start(input, settings, log);
  worker.onState((state) => tellState(log, state));
  const dismissed = dismissal(worker);
  const ready = `buildbot-worker ready: ${settings.name} in ${input.basedir}, master ${settings.masters.join(', ')}`;
  input.out(ready);
  input.report({ ready });
  const cause = await Promise.race([ended, dismissed]);
  if (typeof cause === 'string') log.info(`stopping (${cause})`);
  await worker.stop();
  if (typeof cause !== 'string') throw cause;
}

/** Run until a signal comes. Throws `UserError` for a configuration, or a master, that will not do. */
export async function run(input: RunInput): Promise<void> {
  try {
    const settings = await loadSettings(input.basedir);
    const release = acquirePidFile(input.basedir);
    try {
      await runHeld(input, settings);
    } finally {
      release();
    }
  } catch (error) {
    input.report({ failed: messageOf(error) });
    throw error;
  }
}
