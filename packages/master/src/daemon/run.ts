/** `buildbot-master run`: the daemon itself, in the foreground, until a signal ends it. */
import { join } from 'node:path';
import { messageOf } from '@buildbot/shared';
import { checkStep } from '../builds/steps/registry.ts';
import { findConfig } from '../config/find.ts';
import { loadConfig } from '../config/load.ts';
import { createLogger } from '../log.ts';
import { startMaster } from '../main.ts';
import { acquirePidFile } from './pid-file.ts';
import { pidFile, type StartReport } from './start-stop.ts';

/** Resolves with the first signal that asks the process to end. */
function endSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
      process.once(signal, () => resolve(signal));
  });
}

/** Run the master of `basedir`. Writes one ready line to standard output; logs go to standard error. */
export async function run(basedir: string): Promise<void> {
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
    const release = await acquirePidFile(pidFile(basedir));
    try {
      const config = await loadConfig(file, checkStep);
      const logger = createLogger();
      const ended = endSignal();
      const master = await startMaster({ basedir, config, logger });
      const ready = `buildbot-master ready: ${[`api ${join(basedir, 'master.sock')}`, ...master.addresses].join(', ')}`;
      process.stdout.write(`${ready}\n`);
      report({ ready });
      const cause = await Promise.race([ended, master.failed]);
      logger.info({ cause }, 'stopping');
      await master.stop();
      if (typeof cause !== 'string') throw cause;
    } finally {
      await release();
    }
  } catch (error) {
    report({ failed: messageOf(error) });
    throw error;
  }
}
