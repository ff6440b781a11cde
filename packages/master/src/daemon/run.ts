/** `buildbot-master run`: the daemon itself, in the foreground, until a signal ends it. */
import { join } from 'node:path';
import { type MasterConfig, messageOf } from '@buildbot/shared';
import { checkStep } from '../builds/steps/registry.ts';
import { findConfig } from '../config/find.ts';
import { loadConfig } from '../config/load.ts';
import { readSettled } from '../config/settled.ts';
import { createLogger } from '../log.ts';
import { type MasterHandle, startMaster } from '../main.ts';
import { type Ending, EndSignals } from './end-signals.ts';
import { failPointOf } from './fail-point.ts';
import { ReloadSignal } from './reload-signal.ts';
import { pidFile, type StartReport } from './start-stop.ts';
import { takeBasedir } from './take-basedir.ts';

/** Leaving is quick, since builds run on at the workers; this is the bound for whatever does not let go. */
const STOP_MS = 4_500;

/**
 * Run the master of `basedir`. Writes one ready line to standard output; logs go to standard error. Answers whether it has
 * ended in order: if not, something of it may still keep the process from ending.
 */
export async function run(basedir: string): Promise<boolean> {
  // Files of this process hold patches, logs and passwords.
  process.umask(0o077);
  // Whoever started us waits for one report; by the time of a second one it is gone.
  const report = (message: StartReport): void => {
    if (!process.connected) return;
    process.send?.(message);
    process.disconnect();
  };
  try {
    // First of all, so that a folder which is none gets one clear line.
    const file = await findConfig(basedir);
    const release = takeBasedir(pidFile(basedir));
    try {
      const config = await loadConfig(file, checkStep);
      const logger = createLogger();
      // A daemon is told so of a changed configuration; on a terminal it means that the terminal is gone.
      const hangup = process.stdout.isTTY === true;
      const signals = new EndSignals({ hangup });
      const reload = hangup ? null : new ReloadSignal();
      const signal = signals.next();
      const failPoint = failPointOf(process.env);
      const readConfig = () => readAgain(basedir);
      const master = await startMaster({ basedir, config, readConfig, logger, failPoint });
      reload?.listen(() => void reconfigure(master));
      const ready = `buildbot-master ready: ${[`api ${join(basedir, 'master.sock')}`, ...master.addresses].join(', ')}`;
      process.stdout.write(`${ready}\n`);
      report({ ready });
      const asked = master.stopAsked.then(({ graceful }): Ending => (graceful ? 'graceful' : 'at once'));
      const cause = await Promise.race([signal, asked, master.failed]);
      logger.info({ cause }, 'stopping');
      if (cause === 'graceful') await Promise.race([master.drain(), signals.next(), master.failed]);
      const isInOrder = await stopInTime(master, signals);
      if (!isInOrder) logger.warn({}, 'something did not stop in time; what is durable stays so');
      if (cause instanceof Error) throw cause;
      return isInOrder;
    } finally {
      release();
    }
  } catch (error) {
    report({ failed: messageOf(error) });
    throw error;
  }
}

/** The folder may have another configuration file by now. */
async function readAgain(basedir: string): Promise<MasterConfig> {
  const file = await findConfig(basedir);
  return await readSettled(file, () => loadConfig(file, checkStep));
}

/** What came of it is in the log already: nobody waits for an answer to a signal. */
async function reconfigure(master: MasterHandle): Promise<void> {
  await master.reconfigure().catch(() => undefined);
}

/** `false` when it takes too long, or somebody asks a second time. */
async function stopInTime(master: MasterHandle, signals: EndSignals): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), STOP_MS);
  try {
    const stopped = master.stop().then(() => true);
    return await Promise.race([stopped, late.promise, signals.next().then(() => false)]);
  } finally {
    clearTimeout(timer);
  }
}
