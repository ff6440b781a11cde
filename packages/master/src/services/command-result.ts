/** From how a command ended at the worker to what its step is told, and to what it must not be told. */
import { BugError, type CommandOutcome } from '@buildbot/shared';
import type { CommandResult } from '../ports/recipe.ts';

/** Why an outcome says nothing about the source, `null` when it does. */
export function lossOf(outcome: CommandOutcome): string | null {
  switch (outcome.status) {
    case 'lost':
      return outcome.reason;
    case 'failed':
      return outcome.infrastructure ? outcome.reason : null;
    case 'exited':
      if (outcome.cause === 'stopped') return 'its command was stopped';
      if (outcome.cause === 'master-gone') return 'the worker lost its master';
      return outcome.cause === 'worker-shutdown' ? 'the worker was shut down' : null;
  }
}

/** An outcome that says something about the source, as the step's code sees it. */
export function resultOf(outcome: CommandOutcome): CommandResult {
  switch (outcome.status) {
    case 'exited': {
      const { cause } = outcome;
      return { ...outcome, cause: cause === 'timeout' || cause === 'max-time' ? cause : null };
    }
    case 'failed':
      return { status: 'failed', reason: outcome.reason };
    case 'lost':
      throw new BugError(`a lost command was not taken for one: ${outcome.reason}`);
  }
}
