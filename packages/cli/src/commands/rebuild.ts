/** `buildbot rebuild`: the same source on the same builder once more, of one build or of all that failed in a try. */
import { UserError } from '@buildbot/shared';
import { Args, Flags } from '@oclif/core';
import { AskingCommand, askingFlags } from '../asking-command.ts';
import { BUILD_HELP, parseBuildReference, parseTryReference } from '../services/build-reference.ts';

export default class Rebuild extends AskingCommand {
  static override summary = 'Build the same source once more.';
  static override args = {
    build: Args.string({
      description: `${BUILD_HELP} With --failed a try, by its number or one of its builds: default is the last of this working copy.`,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...askingFlags,
    failed: Flags.boolean({ description: 'All builds of a try that failed.', exclusive: ['wait'] }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(Rebuild);
    if (flags.failed) return this.#rebuildFailed(args.build, flags);
    if (args.build === undefined)
      throw new UserError('which build?', {
        hint: 'For example: buildbot rebuild linux/12, or: buildbot rebuild --failed',
      });
    const { rebuild } = await import('../services/steer.ts');
    const reference = parseBuildReference(args.build);
    return this.askFor(flags, (client, once) => rebuild(client, reference, once));
  }

  async #rebuildFailed(
    text: string | undefined,
    flags: Readonly<Record<string, unknown>> & { json: boolean },
  ): Promise<number> {
    const { rebuildFailed } = await import('../services/rebuild-failed.ts');
    const reference = text === undefined ? null : parseTryReference(text);
    const rebuilt = await this.withLink(flags, (link, settings) =>
      rebuildFailed({ link, settings, reference }, this.runtime),
    );
    const lines = rebuilt.map(({ line }) => line);
    this.tellDone(flags.json, lines, { buildSetIds: rebuilt.map(({ buildSetId }) => buildSetId) });
    return 0;
  }
}
