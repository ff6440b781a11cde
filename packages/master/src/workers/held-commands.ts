/** The commands that this master wants of one worker, each until it has its outcome. */
import type { CommandKey, CommandOutcome } from '@buildbot/shared';
import type { WantedCommand } from '../ports/workers.ts';
import { HeldCommand, NEVER_BEGUN } from './held-command.ts';

export class HeldCommands {
  readonly #byKey = new Map<CommandKey, HeldCommand>();

  /** For looking up, as it is at any moment. */
  get byKey(): ReadonlyMap<CommandKey, HeldCommand> {
    return this.#byKey;
  }

  get all(): HeldCommand[] {
    return [...this.#byKey.values()];
  }

  /** Those that should be running. */
  get wanted(): HeldCommand[] {
    return this.all.filter(({ stopReason }) => stopReason === null);
  }

  /** Those that somebody wants to end and that have not ended. */
  get stopping(): HeldCommand[] {
    return this.all.filter(({ stopReason }) => stopReason !== null);
  }

  /** Those of which no worker process has ever heard. */
  get neverSent(): HeldCommand[] {
    return this.all.filter(({ isDelivered }) => !isDelivered);
  }

  add(wanted: WantedCommand): HeldCommand {
    const held = new HeldCommand(wanted);
    this.#byKey.set(wanted.key, held);
    return held;
  }

  end(held: HeldCommand, outcome: CommandOutcome): void {
    this.#byKey.delete(held.wanted.key);
    held.resolve(outcome);
  }

  /** Nobody can say any more how these end. */
  lose(which: readonly HeldCommand[], reason: string): void {
    for (const held of which) this.end(held, { status: 'lost', reason });
  }

  /** Stopped while the worker was away, and it never had them: there is nobody left who could report their end. */
  settleStopped(known: readonly CommandKey[]): void {
    for (const held of this.stopping) if (!known.includes(held.wanted.key)) this.end(held, NEVER_BEGUN);
  }
}
