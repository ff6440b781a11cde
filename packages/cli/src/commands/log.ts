/** `buildbot log`: a log as it is, or as it comes. */
import { Args, Flags } from '@oclif/core';
import { BaseCommand, connectionFlags, reconnectFlag } from '../base-command.ts';
import { BUILD_HELP } from '../services/build-reference.ts';
import type { MasterLink } from '../services/master-link.ts';
import type { ReadLogResult } from '../services/read-log.ts';

export default class Log extends BaseCommand {
  static override summary = "Print a build's log.";
  static override description =
    'Without STEP: of the step that failed, else of the one that runs, else of the last. Without LOG: stdio.';
  static override args = {
    build: Args.string({
      description: BUILD_HELP,
      required: true,
      ignoreStdin: true,
    }),
    step: Args.string({ description: 'Name or number of a step.', ignoreStdin: true }),
    log: Args.string({ description: 'Name of a log.', ignoreStdin: true }),
  };
  static override flags = {
    ...connectionFlags,
    ...reconnectFlag,
    follow: Flags.boolean({ char: 'f', description: 'Go on until the log is complete.' }),
    local: Flags.boolean({ description: 'Of a build of try --local.' }),
    raw: Flags.boolean({
      description:
        'The bytes as they are. Default: made fit for a terminal, without colours where there is none.',
    }),
  };

  async run(): Promise<ReadLogResult> {
    const { args, flags } = await this.parse(Log);
    const { logCommand } = await import('../services/log-command.ts');
    const { follow, raw } = flags;
    const read = (link: MasterLink, reconnectMs?: number) =>
      logCommand({ link, ...args, follow, raw, reconnectMs }, this.runtime);
    if (!flags.local) return this.withLink(flags, (link, { reconnect }) => read(link, reconnect));
    const { localInputOf, withLocalLink } = await import('../local.ts');
    return withLocalLink(localInputOf(await this.settings(flags)), this.runtime, (link) => read(link));
  }
}
