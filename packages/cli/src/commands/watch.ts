/** `buildbot watch`: how things stand now, or one try to its end. */
import { UserError } from '@buildbot/shared';
import { Args, Flags } from '@oclif/core';
import { connectionFlags, reconnectFlag } from '../base-command.ts';
import {
  farmFlags,
  farmWishesOf,
  followFlag,
  newOnlyFlag,
  refuseFarmFlags,
  settingsOfFlags,
} from '../config/flags.ts';
import type { Failure } from '../failure.ts';
import { parseTryReference } from '../services/build-reference.ts';
import { failedFarmText, type MachineForm } from '../services/tell-failure.ts';
import { ShowingCommand } from '../showing-command.ts';

export default class Watch extends ShowingCommand {
  static override summary = 'Watch all builders, or attach again to a try.';
  static override description =
    'A master that was lost is tried again and again: for a try as long as --reconnect says, then with exit code 75; for ' +
    'the whole farm for ever, unless --reconnect is given, then with exit code 4. With --until it ends with 0 when the condition holds, with 124 when --timeout is over ' +
    'before, and with 130 when it is interrupted before.';
  static override args = {
    id: Args.string({
      description:
        'Number of a try, or builder/number, URL or builder of one of its builds; without it the whole farm is shown.',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...connectionFlags,
    ...reconnectFlag,
    timeout: Flags.string({ description: 'Stop watching after this long (exit code 124). Default: never.' }),
    ...followFlag,
    from: Flags.string({
      description: 'Where an earlier --follow had come to, as it said itself. Default: the beginning.',
      dependsOn: ['follow'],
    }),
    'new-only': newOnlyFlag,
    ...farmFlags,
    json: Flags.boolean({ description: 'Print one object at the end.', exclusive: ['events', 'follow'] }),
    events: Flags.boolean({ description: 'Print each event as a line of JSON.' }),
  };

  #isOfFarm = true;

  async run(): Promise<number> {
    const { flags, args } = await this.parse(Watch);
    this.#isOfFarm = args.id === undefined;
    const ofTry = flags.follow ? '--follow' : '--new-only';
    if (this.#isOfFarm && (flags.follow || flags['new-only']))
      throw new UserError(`${ofTry} needs the number of a try`, {
        hint: `For example: buildbot watch 17 ${ofTry}`,
      });
    if (!this.#isOfFarm) refuseFarmFlags(flags);
    const { watchCommand } = await import('../services/watch-command.ts');
    const { parseLogPositions } = await import('../services/follow-logs.ts');
    const logsFrom = flags.follow ? parseLogPositions(flags.from) : null;
    const reference = args.id === undefined ? null : parseTryReference(args.id);
    return this.withLink(flags, async (link, { reconnect }) =>
      watchCommand(
        {
          link,
          given: settingsOfFlags(flags),
          // What a file says is meant for tries.
          reconnectMs: this.#isOfFarm ? settingsOfFlags(flags).reconnect : reconnect,
          reference,
          json: flags.json,
          events: flags.events,
          logsFrom,
          newOnly: flags['new-only'],
          ...farmWishesOf(flags),
          store: this.store,
        },
        this.runtime,
      ),
    );
  }

  protected override failedText(form: MachineForm, failure: Failure): string {
    if (!this.#isOfFarm) return super.failedText(form, failure);
    return failedFarmText(form, failure, this.runtime.clock.now());
  }
}
