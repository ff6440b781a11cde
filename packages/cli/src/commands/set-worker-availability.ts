/** `buildbot set-worker-availability`: lend a worker out or not, from its own machine, for example from cron. */
import { userInfo } from 'node:os';
import { Args } from '@oclif/core';
import { BaseCommand, doneFlag } from '../base-command.ts';
import { availabilityArg, availabilityFlags } from '../config/flags.ts';

export default class SetWorkerAvailability extends BaseCommand {
  static override summary = 'Set whether a worker may be used, on its own machine.';
  static override description =
    'Needs no network, and no running worker; one that runs tells its master at once. Builds that run are finished.';
  static override args = {
    basedir: Args.string({ description: 'Folder of the worker.', required: true, ignoreStdin: true }),
    availability: availabilityArg,
  };
  static override flags = { ...availabilityFlags, ...doneFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SetWorkerAvailability);
    const { setWorkerAvailability } = await import('../services/set-worker-availability.ts');
    const { clock, cwd } = this.runtime;
    const lines = await setWorkerAvailability({ ...args, ...flags }, { clock, cwd, user: userName() });
    this.tellDone(flags.json, lines);
  }
}

/** `null` for an account that has no name, as in some containers. */
function userName(): string | null {
  try {
    return userInfo().username;
  } catch {
    return null;
  }
}
