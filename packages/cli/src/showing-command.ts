/** What `try` and `watch` share: with `--json` and `--events` standard output says how it ended, at every end. */
import { BaseCommand } from './base-command.ts';
import { type Failure, failureOf } from './failure.ts';
import { failedTryText, type MachineForm, machineFormOf } from './services/tell-failure.ts';
import { ViewStore } from './services/view-store.ts';

export abstract class ShowingCommand extends BaseCommand {
  /** What is known so far of what is shown. */
  protected readonly store = new ViewStore();

  /** People read the same on stderr, from whoever runs the command. */
  protected override catch(error: Error): Promise<never> {
    const form = this.machineForm();
    const failure = failureOf(this.inOurWords(error));
    if (form !== null) this.runtime.stdout.write(`${this.failedText(form, failure)}\n`);
    return super.catch(error);
  }

  /** In which form standard output tells the end; null for people. */
  protected machineForm(): MachineForm | null {
    return machineFormOf(this.argv);
  }

  protected failedText(form: MachineForm, failure: Failure): string {
    return failedTryText(form, this.store.state, failure, this.runtime.clock.now());
  }
}
