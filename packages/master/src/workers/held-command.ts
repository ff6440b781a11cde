/** One command that this master wants of one worker, from `run` to its outcome. */
import type { CommandOutcome } from '@buildbot/shared';
import type { WantedCommand } from '../ports/workers.ts';

export class HeldCommand {
  readonly wanted: WantedCommand;
  /** It may have reached a worker process: should that process be gone, nobody can say how it ended. */
  isDelivered: boolean;
  /** Why it is not wanted any more; `null` while it is. */
  stopReason: string | null = null;
  /** Raw bytes of each of its logs that are durable. */
  readonly logBytes: Map<string, number>;
  readonly outcome: Promise<CommandOutcome>;
  #resolve: (outcome: CommandOutcome) => void = () => undefined;

  constructor(wanted: WantedCommand) {
    this.wanted = wanted;
    this.isDelivered = wanted.resumed !== undefined;
    this.logBytes = new Map(Object.entries(wanted.resumed?.received ?? {}));
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The first outcome stays. */
  resolve(outcome: CommandOutcome): void {
    this.#resolve(outcome);
  }
}

/** How a command ends that was stopped before any worker had it. */
export const NEVER_BEGUN: CommandOutcome = {
  status: 'exited',
  code: null,
  signal: null,
  cause: 'stopped',
  durationMs: 0,
  text: null,
  strays: 0,
};
