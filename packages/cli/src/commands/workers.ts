/** `buildbot workers`: who can build, and who is there. */
import { WORKERS_SCHEMA, type WorkerItem, type WorkersOutput } from '@buildbot/shared';
import { Flags } from '@oclif/core';
import { BaseCommand, connectionFlags } from '../base-command.ts';

export default class Workers extends BaseCommand {
  static override summary = 'List the workers of the master.';
  static override description =
    'A worker that lost several builds in a row, or is missing, is *host down*; `buildbot workers trust NAME` gives it builds again.';
  static override flags = {
    ...connectionFlags,
    json: Flags.boolean({ description: 'Print one object.', exclusive: ['quiet'] }),
    quiet: Flags.boolean({ char: 'q', description: 'Names only.' }),
  };

  async run(): Promise<WorkerItem[]> {
    const { flags } = await this.parse(Workers);
    const { listWorkers, nameLines, workerLines } = await import('../services/list-farm.ts');
    const workers = await this.withLink(flags, async (link) => listWorkers(await link.open()));
    const now = this.runtime.clock.now();
    const lines = flags.quiet ? nameLines(workers) : workerLines(workers, now);
    const output: WorkersOutput = { schema: WORKERS_SCHEMA, workers };
    this.log(flags.json ? JSON.stringify(output, null, 2) : lines.join('\n'));
    return workers;
  }
}
