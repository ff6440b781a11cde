/** From how a command ended at the worker to what its step is told, and to what it must not be told. */
import { BugError, type CommandOutcome } from '@buildbot/shared';
import type { CommandResult } from '../ports/recipe.ts';

/** What an outcome says that says nothing about the source: that something failed, or that a person ended the worker. */
export interface Loss {
  kind: 'lost' | 'withdrawn';
  reason: string;
}

/** `null` for an outcome that says something about the source. */
export function lossOf(outcome: CommandOutcome): Loss | null {
  // Somebody's decision, as a restart is one: nothing has failed, and neither request nor worker has to answer for it.
  if (outcome.status === 'exited' && outcome.cause === 'worker-shutdown')
    return { kind: 'withdrawn', reason: 'it was shut down' };
  const reason = failureOf(outcome);
  return reason === null ? null : { kind: 'lost', reason };
}

function failureOf(outcome: CommandOutcome): string | null {
  switch (outcome.status) {
    case 'lost':
      return outcome.reason;
    case 'failed':
      return outcome.infrastructure ? outcome.reason : null;
    case 'exited':
      if (outcome.cause === 'stopped') return 'its command was stopped';
      return outcome.cause === 'master-gone' ? 'the worker lost its master' : null;
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
