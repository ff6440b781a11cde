/** `buildbot workers set`: lend a worker out less, from the master's side. */
import { Args } from '@oclif/core';
import { BaseCommand, connectionFlags, doneFlag } from '../../base-command.ts';
import { availabilityArg, availabilityFlags } from '../../config/flags.ts';

export default class WorkersSet extends BaseCommand {
  static override summary = 'Set whether a worker may be used, as an administrator of the master.';
  static override description =
    "The lower of this and what the worker itself says counts. The worker's own side: buildbot set-worker-availability.";
  static override args = {
    name: Args.string({ description: 'Name of the worker.', required: true, ignoreStdin: true }),
    availability: availabilityArg,
  };
  static override flags = { ...connectionFlags, ...availabilityFlags, ...doneFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(WorkersSet);
    const { setAvailabilityAtMaster } = await import('../../services/set-availability-at-master.ts');
    const { parseAvailability } = await import('../../services/availability-words.ts');
    const order = parseAvailability({ ...args, ...flags });
    const { clock } = this.runtime;
    const lines = await this.withLink(flags, async (link) =>
      setAvailabilityAtMaster(await link.open(), args.name, order, clock.now()),
    );
    this.tellDone(flags.json, lines);
  }
}
