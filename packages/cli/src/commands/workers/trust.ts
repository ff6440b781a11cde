/** `buildbot workers trust`: a worker that lost builds gets builds again. */
import { Args } from '@oclif/core';
import { BaseCommand, connectionFlags, doneFlag } from '../../base-command.ts';

export default class WorkersTrust extends BaseCommand {
  static override summary =
    'Give a worker that lost several builds in a row builds again, as an administrator.';
  static override args = {
    name: Args.string({ description: 'Name of the worker.', required: true, ignoreStdin: true }),
  };
  static override flags = { ...connectionFlags, ...doneFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(WorkersTrust);
    const { trustWorker } = await import('../../services/steer.ts');
    const line = await this.withLink(flags, async (link) => trustWorker(await link.open(), args.name));
    this.tellDone(flags.json, [line]);
  }
}
