/** What every command shares: how it is started without loading all of oclif, its process, and its link to a master. */
import { DONE_SCHEMA, type DoneOutput } from '@buildbot/shared';
import { Command, type Config, Flags } from '@oclif/core';
import { CONNECTION_KEYS, settingFlags, settingsOfFlags } from './config/flags.ts';
import { type LoadedSettings, loadSettings } from './config/load-settings.ts';
import { processRuntime } from './process-runtime.ts';
import type { MasterLink } from './services/master-link.ts';
import type { Runtime } from './services/runtime.ts';
import { usageErrorOf } from './usage-error.ts';

/** Flags of commands that follow or steer a master. */
export const connectionFlags = settingFlags(CONNECTION_KEYS);

/** Of commands that stay linked to a master. */
export const reconnectFlag = settingFlags(['reconnect']);

/** Of commands that do one thing: what came of it as one object. */
export const doneFlag = { json: Flags.boolean({ description: 'Print one object.' }) };

export abstract class BaseCommand extends Command {
  /** Runs the command with its arguments; gives what it returns. */
  static launch(
    this: new (
      argv: string[],
      config: Config,
    ) => BaseCommand,
    argv: string[],
    config: Config,
  ): Promise<unknown> {
    return new this(argv, config)._run();
  }

  protected readonly runtime: Runtime = processRuntime();

  protected async settings(flags: Readonly<Record<string, unknown>>): Promise<LoadedSettings> {
    const settings = await loadSettings(settingsOfFlags(flags), this.runtime.environment, this.runtime.cwd);
    for (const note of settings.notes) this.runtime.stderr.write(`${note}\n`);
    return settings;
  }

  /** Does something with the master that flags and files name, and lets go of it. */
  protected async withLink<T>(
    flags: Readonly<Record<string, unknown>>,
    use: (link: MasterLink, settings: LoadedSettings) => Promise<T>,
  ): Promise<T> {
    const { masterLink } = await import('./services/connect.ts');
    const settings = await this.settings(flags);
    const link = await masterLink(settings, this.runtime);
    try {
      return await use(link, settings);
    } finally {
      link.close();
    }
  }

  /** Says what came of it: lines for people, or the same and more in the one object of `--json`. */
  protected tellDone(
    json: boolean,
    lines: readonly string[],
    more: Pick<DoneOutput, 'buildSetId' | 'buildSetIds'> = {},
  ): void {
    const object: DoneOutput = { schema: DONE_SCHEMA, command: this.id ?? '', lines, ...more };
    this.log(json ? JSON.stringify(object, null, 2) : lines.join('\n'));
  }

  /** What the parser says is said of this command, with the flag that was meant. */
  protected inOurWords(error: Error): Error {
    return usageErrorOf(error, { name: this.id ?? '', flags: this.ctor.flags });
  }

  /** An error is said once, by whoever runs the command. */
  protected override catch(error: Error): Promise<never> {
    return Promise.reject(this.inOurWords(error));
  }
}
