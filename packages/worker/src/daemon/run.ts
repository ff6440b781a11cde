/** `buildbot-worker run`: the worker itself, in the foreground, until a signal or the master ends it. */
import { hostname } from 'node:os';
import { failPointAt, messageOf, UserError } from '@buildbot/shared';
import { systemClock } from '../clock.ts';
import { loadSettings, type WorkerSettings } from '../config/load.ts';
import { lineLog, type WorkerLog } from '../log.ts';
import type { SessionState } from '../session/session.ts';
import { startWorker, type WorkerHandle } from '../start-worker.ts';
import { type EndSignals, endSignals } from './end-signals.ts';
import { firstAnswer } from './first-answer.ts';
import { StandingNote } from './standing.ts';
import { takeBasedir } from './take-basedir.ts';

/** What the worker tells the process that started it in the background. */
export type StartReport = { ready: string } | { failed: string };

/** Exit code of a worker that another process has replaced. A supervisor must not start it again: the two would fight. */
const SUPERSEDED_EXIT_CODE = 3;

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
      const exitCode = state.cause === 'superseded' ? SUPERSEDED_EXIT_CODE : 1;
      resolve(new UserError(`the master sent this worker away: ${state.reason}`, { exitCode }));
    });
  });
}

function start({ basedir, version, environment }: RunInput, settings: WorkerSettings, log: WorkerLog) {
  const { name, password, masters, admin = null, host = hostname(), spoolMiB, availability } = settings;
  const { environment: allowed } = settings;
  return startWorker({
    ...{ basedir, name, password, masters, environment, availability, log },
    info: { admin, host, version },
    spoolBytes: spoolMiB * 1024 * 1024,
    failPoint: failPointAt(environment.BUILDBOT_FAILPOINT, () => process.kill(process.pid, 'SIGKILL')),
    ...(allowed === undefined ? {} : { allowedEnvironment: allowed }),
  });
}

/** Resolves when the worker was asked to end and may: no build is left on it, or it was asked twice. */
async function leaveOnSignal(
  worker: WorkerHandle,
  { leave, now }: EndSignals,
  onWait: (waitsFor: string) => void,
  log: WorkerLog,
): Promise<void> {
  log.info(`leaving when no build is left here (${await leave}); a second signal ends it at once`);
  const drained = worker.drain((waitsFor) => {
    log.info(`waiting for ${waitsFor}`);
    onWait(waitsFor);
  });
  const signal = await Promise.race([drained, now]);
  log.info(typeof signal === 'string' ? `ending everything now (${signal})` : 'no build is left here');
}

async function runHeld(input: RunInput, settings: WorkerSettings, note: StandingNote): Promise<void> {
  const log = lineLog(systemClock, input.err);
  const ended = endSignals();
  const worker = await start(input, settings, log);
  worker.onState((state) => tellState(log, state));
  worker.onState(note.onState);
  note.onHold(worker.hold);
  const dismissed = dismissal(worker);
  const { name, masters } = settings;
  input.out(`buildbot-worker ready: ${name} in ${input.basedir}, master ${masters.join(', ')}`);
  void firstAnswer({ masters: masters.length, onState: worker.onState }).then((answer) => {
    const what = `${name} in ${input.basedir}`;
    if (answer === null) return;
    if ('connected' in answer)
      input.report({ ready: `buildbot-worker ready: ${what}, connected to ${answer.connected}` });
    else input.report({ ready: `buildbot-worker started: ${what}, not connected yet: ${answer.notYet}` });
  });
  const refusal = await Promise.race([leaveOnSignal(worker, ended, note.onWait, log), dismissed]);
  await worker.stop();
  if (refusal instanceof UserError) throw refusal;
}

/** Run until a signal comes. Throws `UserError` for a configuration, or a master, that will not do. */
export async function run(input: RunInput): Promise<void> {
  try {
    const settings = await loadSettings(input.basedir);
    const release = takeBasedir(input.basedir);
    const note = new StandingNote(input.basedir, systemClock.now);
    try {
      await runHeld(input, settings, note);
    } finally {
      note.remove();
      release();
    }
  } catch (error) {
    input.report({ failed: messageOf(error) });
    throw error;
  }
}
