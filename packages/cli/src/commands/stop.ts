/** `buildbot stop`: end a build, with a reason. */
import { Args } from '@oclif/core';
import { BaseCommand, connectionFlags } from '../base-command.ts';
import { reasonFlag } from '../config/flags.ts';

export default class Stop extends BaseCommand {
  static override summary =
    'Stop a build: its processes end, and it reads CANCELLED with your name and reason.';
  static override args = {
    build: Args.string({ description: 'Id of a build, builder/number or a URL.', required: true }),
  };
  static override flags = {
    ...connectionFlags,
    reason: reasonFlag,
  };

  async run(): Promise<{ stopping: string }> {
    const { args, flags } = await this.parse(Stop);
    const { parseBuildReference, pathOfBuild, findBuild } = await import('../services/build-reference.ts');
    const reference = parseBuildReference(args.build);
    await this.withLink(flags, async (link) => {
      const client = await link.open();
      await findBuild(client, reference);
      await client.control(pathOfBuild(reference), 'stop', { reason: flags.reason });
    });
    this.log(`stopping ${args.build}: ${flags.reason}`);
    return { stopping: args.build };
  }
}
