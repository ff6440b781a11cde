/** `buildbot builders`: what can be built. */
import { BUILDERS_SCHEMA, type BuilderItem, type BuildersOutput } from '@buildbot/shared';
import { Flags } from '@oclif/core';
import { BaseCommand, connectionFlags } from '../base-command.ts';

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
    const output: BuildersOutput = { schema: BUILDERS_SCHEMA, builders };
    this.log(flags.json ? JSON.stringify(output, null, 2) : lines.join('\n'));
    return builders;
  }
}
