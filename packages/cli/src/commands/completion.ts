/** `buildbot completion SHELL`: a script for the shell, made from the commands themselves. */
import { Args } from '@oclif/core';
import { BaseCommand } from '../base-command.ts';

export default class Completion extends BaseCommand {
  static override summary = 'Print a completion script for bash, zsh or fish.';
  static override examples = [
    'source <(<%= config.bin %> completion bash)',
    '<%= config.bin %> completion fish | source',
  ];
  static override args = {
    shell: Args.string({
      description: 'The shell.',
      required: true,
      options: ['bash', 'zsh', 'fish'],
      ignoreStdin: true,
    }),
  };

  async run(): Promise<string> {
    const { args } = await this.parse(Completion);
    const { completionScript } = await import('../services/completion.ts');
    const { describeCommands } = await import('../command-table.ts');
    const script = completionScript(
      args.shell as 'bash' | 'zsh' | 'fish',
      await describeCommands(),
      `${this.runtime.environment.cacheDir}/builders`,
    );
    this.runtime.stdout.write(script);
    return script;
  }
}
