/** `buildbot unshelve`: try requests again that failed too often for reasons that say nothing about the source. */
import { Flags } from '@oclif/core';
import { BaseCommand, connectionFlags, doneFlag } from '../base-command.ts';
import { parseId } from '../config/flags.ts';
import { EXIT } from '../view/verdict.ts';

export default class Unshelve extends BaseCommand {
  static override summary =
    'Put build requests back into the queue that infrastructure failures have shelved.';
  static override description =
    'Give the ids of requests, or --all. Their failures are forgotten; priority and age stay. `buildbot cancel` calls one off.';
  static override examples = ['<%= config.bin %> unshelve 17', '<%= config.bin %> unshelve --all'];
  static override usage = 'unshelve REQUEST... [FLAGS]';
  static override strict = false;

  static override flags = {
    ...connectionFlags,
    ...doneFlag,
    all: Flags.boolean({ description: 'All that are shelved.' }),
  };

  async run(): Promise<number> {
    const { flags, argv } = await this.parse(Unshelve);
    const { unshelve, unshelveAll, wantedRequests } = await import('../services/steer.ts');
    const ids = wantedRequests(
      argv.map((text) => parseId(String(text), 'the id of a build request')),
      flags.all,
    );
    const all = await this.withLink(flags, async (link) => {
      const client = await link.open();
      return ids === 'all' ? unshelveAll(client) : unshelve(client, ids);
    });
    const lines = all.map(({ line }) => line);
    this.tellDone(flags.json, lines);
    return all.every(({ isDone }) => isDone) ? EXIT.passed : EXIT.failed;
  }
}
