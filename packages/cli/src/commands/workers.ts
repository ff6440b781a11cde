/** `buildbot workers`: who can build, who is there, and who is trusted again. */
import { Args, Flags } from '@oclif/core';
import { BaseCommand, connectionFlags } from '../base-command.ts';
import type { WorkerItem } from '../services/list-farm.ts';

export default class Workers extends BaseCommand {
  static override summary = 'List the workers of the master.';
  static override description =
    'A worker that lost several builds in a row, or is missing, is *host down*. ' +
    '`buildbot workers trust NAME` gives a suspect one builds again (administrators).';

  static override args = {
    action: Args.string({
      description: 'What to do; none lists them.',
      options: ['trust'],
      ignoreStdin: true,
    }),
    name: Args.string({ description: 'Name of a worker.', ignoreStdin: true }),
  };

  static override flags = {
    ...connectionFlags,
    json: Flags.boolean({ description: 'Print one array.', exclusive: ['quiet'] }),
    quiet: Flags.boolean({ char: 'q', description: 'Names only.' }),
  };

  async run(): Promise<WorkerItem[] | undefined> {
    const { args, flags } = await this.parse(Workers);
    if (args.action === undefined) return this.#list(flags);
    const { trustWorker } = await import('../services/steer.ts');
    this.log(await this.withLink(flags, async (link) => trustWorker(await link.open(), args.name)));
    return undefined;
  }

  async #list(flags: Readonly<{ quiet: boolean; json: boolean }>): Promise<WorkerItem[]> {
    const { listWorkers, nameLines, workerLines } = await import('../services/list-farm.ts');
    const workers = await this.withLink(flags, async (link) => listWorkers(await link.open()));
    const lines = flags.quiet ? nameLines(workers) : workerLines(workers);
    this.log(flags.json ? JSON.stringify(workers, null, 2) : lines.join('\n'));
    return workers;
  }
}
