/**
 * `buildbot tryserver` as help, completion and documentation see it. It is on every try's path, so the program itself
 * (`bin/buildbot.js`) starts it without any of this.
 */
import { Flags } from '@oclif/core';
import { BaseCommand } from '../base-command.ts';

export default class Tryserver extends BaseCommand {
  static override summary =
    'The far end of a try over SSH; a line of authorized_keys calls it, people do not.';
  static override description =
    'Takes a job file from standard input into the try directory and says whether it was accepted. Exit codes: 0 accepted ' +
    'or kept, 1 refused, 2 usage, 77 not let in, 78 no try directory.';
  static override examples = [
    'restrict,command="<%= config.bin %> tryserver --jobdir DIR --user alice" ssh-ed25519 AAAA... alice@laptop',
  ];
  static override flags = {
    jobdir: Flags.string({ description: 'The try directory.', required: true }),
    user: Flags.string({
      description:
        "Who submits, in the administrator's words: for accounts that the master lists as gateways.",
    }),
    attach: Flags.boolean({ description: "Stay: the channel becomes the master's API." }),
  };

  async run(): Promise<void> {
    const { runTryserver } = await import('../tryserver.ts');
    await runTryserver(this.argv);
  }
}
