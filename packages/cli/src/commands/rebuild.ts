/** `buildbot rebuild`: the same source on the same builder once more. */
import { Args } from '@oclif/core';
import { AskingCommand, askingFlags } from '../asking-command.ts';
import { BUILD_HELP, parseBuildReference } from '../services/build-reference.ts';

export default class Rebuild extends AskingCommand {
  static override summary = 'Build the same source once more.';
  static override args = {
    build: Args.string({
      description: BUILD_HELP,
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = askingFlags;

  async run(): Promise<number> {
    const { args, flags } = await this.parse(Rebuild);
    const { rebuild } = await import('../services/steer.ts');
    const reference = parseBuildReference(args.build);
    return this.askFor(flags, (client, once) => rebuild(client, reference, once));
  }
}
