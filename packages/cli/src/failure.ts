/** What became of a command that threw: an exit code and words, for people's stderr and for scripts' stdout alike. */
import { type ExternalError, messageOf, sanitizeLines, type UserError } from '@buildbot/shared';
import { EXIT } from './view/verdict.ts';

/** Message and hint are fit for a terminal and may have several lines. */
export interface Failure {
  exitCode: number;
  message: string;
  /** What to do about it. */
  hint: string | null;
  /** Our own fault: the message is a stack. */
  isBug: boolean;
}

export function failureOf(error: unknown): Failure {
  if (isNamed<UserError>(error, 'UserError')) return failure(error.exitCode, error.message, error.hint);
  if (isNamed<ExternalError>(error, 'ExternalError'))
    return failure(EXIT.infrastructure, error.message, error.hint);
  if (isNamed(error, 'LinkError'))
    return failure(EXIT.infrastructure, `the master cannot be reached: ${error.message}`);
  if (isNamed(error, 'Interrupted')) return failure(EXIT.interrupted, error.message);
  const stack = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  return { ...failure(EXIT.infrastructure, stack), isBug: true };
}

/** One line for what went wrong, one for what to do about it; a stack only for what is our own fault. */
export function failureLines({ message, hint, isBug }: Failure): string[] {
  if (isBug) return ['This is a bug in buildbot:', message];
  return [`error: ${message}`, ...(hint === null ? [] : [hint])];
}

function failure(exitCode: number, message: string, hint?: string): Failure {
  return {
    exitCode,
    message: sanitizeLines(message),
    hint: hint === undefined ? null : sanitizeLines(hint),
    isBug: false,
  };
}

/**
 * By name: `--local` brings a master along whose classes are not those of this bundle, and `LinkError` lives with the
 * client, which light commands do not load.
 */
function isNamed<E extends Error>(error: unknown, name: string): error is E {
  return error instanceof Error && error.name === name;
}
