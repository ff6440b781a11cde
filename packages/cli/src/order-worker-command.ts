/** `buildbot workers pause|unpause|stop|kill NAME`: four commands that differ in what they ask of a worker. */
import { Args } from '@oclif/core';
import { BaseCommand, connectionFlags, doneFlag } from './base-command.ts';
import { reasonFlag } from './config/flags.ts';
import type { WorkerOrder } from './services/steer.ts';

export abstract class OrderWorkerCommand extends BaseCommand {
  static override args = {
    name: Args.string({ description: 'Name of the worker.', required: true, ignoreStdin: true }),
  };
  static override flags = { ...connectionFlags, reason: reasonFlag, ...doneFlag };

  protected abstract readonly order: WorkerOrder;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(OrderWorkerCommand);
    const { orderWorker } = await import('./services/steer.ts');
    const line = await this.withLink(flags, async (link) =>
      orderWorker(await link.open(), args.name, { order: this.order, reason: flags.reason }),
    );
    this.tellDone(flags.json, [line]);
  }
}
