/** `buildbot force`: start a build through a force scheduler. */
import { Args, Flags } from '@oclif/core';
import { AskingCommand, askingFlags } from '../asking-command.ts';
import { propertyOf, sourceFlags } from '../config/flags.ts';

export default class Force extends AskingCommand {
  static override summary = 'Start a build through a force scheduler.';
  static override args = {
    scheduler: Args.string({
      description: 'Name of the force scheduler.',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...askingFlags,
    builder: Flags.string({
      char: 'b',
      description: 'Builder (repeat). Default: all of the scheduler.',
      multiple: true,
      multipleNonGreedy: true,
    }),
    branch: Flags.string({ description: "Branch to build. Default: the builder's." }),
    revision: Flags.string({ description: 'Revision to build. Default: the newest.' }),
    priority: Flags.integer({
      description:
        "How urgent it is, as far as the scheduler allows; higher is sooner. Default: the scheduler's.",
    }),
    property: sourceFlags.property,
    reason: Flags.string({ char: 'r', description: 'Why. Default: force build.', default: 'force build' }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(Force);
    const { force } = await import('../services/force.ts');
    const { builder, branch, revision, priority, reason } = flags;
    const params = {
      reason,
      properties: Object.fromEntries((flags.property ?? []).map(propertyOf)),
      ...(builder === undefined ? {} : { builderNames: builder }),
      ...(branch === undefined ? {} : { branch }),
      ...(revision === undefined ? {} : { revision }),
      ...(priority === undefined ? {} : { priority }),
    };
    return this.askFor(flags, (client, once) => force(client, args.scheduler, { ...params, ...once }));
  }
}
