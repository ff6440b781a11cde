/** `buildbot try`: would this working copy pass? */
import { Flags } from '@oclif/core';
import {
  followFlag,
  newOnlyFlag,
  propertyOf,
  settingFlags,
  settingsOfFlags,
  sourceFlags,
  TRY_KEYS,
} from '../config/flags.ts';
import type { Failure } from '../failure.ts';
import { failedDryRunText, isDryRunOf, type MachineForm } from '../services/tell-failure.ts';
import { ShowingCommand } from '../showing-command.ts';

export default class Try extends ShowingCommand {
  static override summary = 'Build the working copy as it is now, and show the result live.';
  static override description =
    'Exit codes: 0 passed, 1 failed, 2 usage or configuration, 3 cancelled, 4 infrastructure, 5 not let in or host key, ' +
    '75 detached and still running, 124 timed out, 130 interrupted before anything was sent.\n' +
    'Ctrl-C detaches, twice asks to stop the builds. Paths after -- limit what is sent.';
  static override examples = [
    '<%= config.bin %> try',
    '<%= config.bin %> try -b linux -- src test',
    '<%= config.bin %> try --failed',
    'git diff | <%= config.bin %> try --diff - -p 1',
  ];
  static override strict = false;
  static override flags = {
    ...settingFlags(TRY_KEYS),
    ...sourceFlags,
    dryrun: Flags.boolean({ char: 'n', description: 'Show what would be sent, and send nothing.' }),
    'get-builder-names': Flags.boolean({ description: 'List the builders of the master, and send nothing.' }),
    preset: Flags.string({
      description: 'Builders and properties that .buildbot or your own file keep under this name.',
      exclusive: ['again', 'failed'],
    }),
    again: Flags.boolean({
      description: 'Take builders, properties and comment of the last try of this working copy.',
      exclusive: ['diff', 'failed'],
    }),
    failed: Flags.boolean({
      description: 'The same, but only the builders that failed in it.',
      exclusive: ['diff', 'local'],
    }),
    local: Flags.boolean({
      description: 'Run master and worker in this process, with the builders that local: in .buildbot names.',
    }),
    detach: Flags.boolean({ description: 'Do not wait, like --no-wait.' }),
    ...followFlag,
    'new-only': newOnlyFlag,
    json: Flags.boolean({ description: 'Print one object at the end.', exclusive: ['events', 'follow'] }),
    events: Flags.boolean({ description: 'Print each event as a line of JSON.' }),
    yes: Flags.boolean({ char: 'y', description: 'Ask no questions. An unknown host is still refused.' }),
  };

  async run(): Promise<number> {
    const { flags, argv } = await this.parse(Try);
    const { tryCommand } = await import('../services/try-command.ts');
    const properties = Object.fromEntries((flags.property ?? []).map(propertyOf));
    return tryCommand(
      {
        given: settingsOfFlags({ ...flags, ...(flags.detach ? { wait: false } : {}) }),
        properties,
        source: {
          diff: flags.diff,
          patchlevel: flags.patchlevel,
          baserev: flags.baserev,
          staged: flags.staged,
          pathspecs: argv.map(String),
        },
        dryRun: flags.dryrun,
        builderNames: flags['get-builder-names'],
        local: flags.local,
        json: flags.json,
        events: flags.events,
        follow: flags.follow,
        newOnly: flags['new-only'],
        preset: flags.preset,
        again: flags.failed ? 'failed' : flags.again ? 'all' : undefined,
        asks: !flags.yes,
        version: this.config.version,
        store: this.store,
      },
      this.runtime,
    );
  }

  protected override failedText(form: MachineForm, failure: Failure): string {
    return isDryRunOf(this.argv) ? failedDryRunText(form, failure) : super.failedText(form, failure);
  }
}
