/** `buildbot cancel`: take a build request out of the queue, or stop its build. */
import { Args } from '@oclif/core';
import { BaseCommand, connectionFlags, doneFlag } from '../base-command.ts';
import { reasonFlag } from '../config/flags.ts';
import { parseRequestReference } from '../services/build-reference.ts';

export default class Cancel extends BaseCommand {
  static override summary = 'Cancel a build request.';
  static override args = {
    request: Args.string({
      description: 'Its id; or a builder that has only one, builder/number or URL of a build of it.',
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
    const { args, flags } = await this.parse(Cancel);
    const { cancelRequest } = await import('../services/steer.ts');
    const reference = parseRequestReference(args.request);
    const line = await this.withLink(flags, async (link) =>
      cancelRequest(await link.open(), reference, flags.reason),
    );
    this.tellDone(flags.json, [line]);
  }
}
