/** `buildbot rebuild`: the same source on the same builder once more. */
import { Args } from '@oclif/core';
import { BaseCommand, connectionFlags, doneFlag } from '../base-command.ts';
import { BUILD_HELP, parseBuildReference } from '../services/build-reference.ts';

export default class Rebuild extends BaseCommand {
  static override summary = 'Build the same source once more.';
  static override args = {
    build: Args.string({
      description: BUILD_HELP,
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = { ...connectionFlags, ...doneFlag };

  async run(): Promise<{ buildSetId: number }> {
    const { args, flags } = await this.parse(Rebuild);
    const { rebuild } = await import('../services/steer.ts');
    const reference = parseBuildReference(args.build);
    const buildSetId = await this.withLink(flags, async (link) => rebuild(await link.open(), reference));
    const line = `queued as #${buildSetId}; to watch it: buildbot watch ${buildSetId}`;
    this.tellDone(flags.json, [line], { buildSetId });
    return { buildSetId };
  }
}
