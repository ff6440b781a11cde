/** `buildbot stop`: end a build, with a reason. */
import { Args } from '@oclif/core';
import { BaseCommand, connectionFlags, doneFlag } from '../base-command.ts';
import { reasonFlag } from '../config/flags.ts';
import { BUILD_HELP, parseBuildReference } from '../services/build-reference.ts';

export default class Stop extends BaseCommand {
  static override summary =
    'Stop a build: its processes end, and it reads CANCELLED with your name and reason.';
  static override args = {
    build: Args.string({
      description: BUILD_HELP,
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...connectionFlags,
    ...doneFlag,
    reason: reasonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Stop);
    const { stopBuild } = await import('../services/steer.ts');
    const reference = parseBuildReference(args.build);
    const line = await this.withLink(flags, async (link) =>
      stopBuild(await link.open(), reference, flags.reason),
    );
    this.tellDone(flags.json, [line]);
  }
}
