/** What `force` and `rebuild` share: they ask for builds, and with `--wait` they follow them to their end. */
import { Flags } from '@oclif/core';
import { connectionFlags, doneFlag } from './base-command.ts';
import { settingsOfFlags } from './config/flags.ts';
import { askOnce } from './services/ask-once.ts';
import type { MachineForm } from './services/tell-failure.ts';
import { ShowingCommand } from './showing-command.ts';

export const askingFlags = {
  ...connectionFlags,
  ...doneFlag,
  wait: Flags.boolean({ description: 'Show the build live and end with its exit code, as watch ID does.' }),
};

/** Gives the number of the new build set. */
export type Ask = Parameters<typeof askOnce<number>>[2];

export abstract class AskingCommand extends ShowingCommand {
  /** Gives the exit code. */
  protected async askFor(
    flags: Readonly<Record<string, unknown>> & { json: boolean; wait: boolean },
    ask: Ask,
  ): Promise<number> {
    return this.withLink(flags, async (link, { reconnect }) => {
      const buildSetId = await askOnce(link, this.runtime, ask);
      if (!flags.wait) {
        const line = `queued as #${buildSetId}; to watch it: buildbot watch ${buildSetId}`;
        this.tellDone(flags.json, [line], { buildSetId });
        return 0;
      }
      const [{ watchTry }, { faceFor }] = await Promise.all([
        import('./services/watch-try.ts'),
        import('./services/present-try.ts'),
      ]);
      const face = faceFor({ json: flags.json, events: false, follow: false, quiet: false }, this.runtime);
      return watchTry(
        {
          ...{ link, buildSetId, face, logsFrom: null, newOnly: false, store: this.store },
          given: settingsOfFlags(flags),
          reconnectMs: reconnect,
        },
        this.runtime,
      );
    });
  }

  /** Without `--wait` nothing is shown whose end could be told. */
  protected override machineForm(): MachineForm | null {
    return this.argv.includes('--wait') ? super.machineForm() : null;
  }
}
