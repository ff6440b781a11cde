/** `buildbot builders`: what can be built. */
import { Flags } from '@oclif/core';
import { BaseCommand, connectionFlags } from '../base-command.ts';
import type { BuilderItem } from '../services/list-farm.ts';

export default class Builders extends BaseCommand {
  static override summary = 'List the builders of the master.';
  static override flags = {
    ...connectionFlags,
    json: Flags.boolean({ description: 'Print one object.', exclusive: ['quiet'] }),
    quiet: Flags.boolean({ char: 'q', description: 'Names only.' }),
  };

  async run(): Promise<BuilderItem[]> {
    const { flags } = await this.parse(Builders);
    const { builderLines, listBuilders, nameLines } = await import('../services/list-farm.ts');
    const { rememberBuilders } = await import('../services/builder-cache.ts');
    const builders = await this.withLink(flags, async (link) => listBuilders(await link.open()));
    await rememberBuilders(
      this.runtime.environment.cacheDir,
      builders.map(({ name }) => name),
    );
    const lines = flags.quiet ? nameLines(builders) : builderLines(builders);
    this.log(
      flags.json ? JSON.stringify({ schema: 'buildbot.builders/1', builders }, null, 2) : lines.join('\n'),
    );
    return builders;
  }
}
