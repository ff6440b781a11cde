/** What every kind of command is given when it runs. */
import type { Command, CommandKey } from '@buildbot/shared';
import type { WorkerClock } from '../clock.ts';
import type { EndCause } from './outcome.ts';

export interface Order<C extends Command = Command> {
  key: CommandKey;
  command: C;
  /** Aborted when it is to end before it is done; the cause is the signal's reason. */
  signal: AbortSignal;
  /** To be called when it has really begun. */
  started(): void;
}

/** What commands on files need. */
export interface FileDeps {
  /** The folder that all builds' folders are in. */
  buildsFolder: string;
  clock: WorkerClock;
}

/** Why it was aborted, `null` when it was not. */
export function causeOf(signal: AbortSignal): EndCause {
  return signal.aborted ? (signal.reason as EndCause) : null;
}
