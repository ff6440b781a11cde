/**
 * The three kinds of error a person can meet. A `UserError` is theirs to act on and says how, an `ExternalError`
 * is a program or host that failed, a `BugError` is ours. Expected outcomes (a build failed, a job was refused)
 * are values, never errors.
 */
import { sanitizeLines } from './text/visible.ts';

/** Something the user can put right. `hint` is the next thing to do, printed below the message. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly hint: string | undefined;

  /** `exitCode` is the process's exit code when nobody handles the error; 2 is usage or configuration. */
  readonly exitCode: number;

  constructor(message: string, options: { hint?: string; exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 2;
  }
}

/** A command or host outside this project failed. `source` names it as a person would: `git diff`, `ssh host`. */
export class ExternalError extends Error {
  override readonly name = 'ExternalError';
  readonly source: string;
  readonly hint: string | undefined;
  /** It may pass by itself (a disk is full), so the same may be tried again later. */
  readonly isPassing: boolean;

  constructor(
    source: string,
    message: string,
    options: { hint?: string; isPassing?: boolean; cause?: unknown } = {},
  ) {
    super(`${source}: ${message}`, { cause: options.cause });
    this.source = source;
    this.hint = options.hint;
    this.isPassing = options.isPassing ?? false;
  }
}

/** An invariant of this project is broken: report it, never catch it to carry on. */
export class BugError extends Error {
  override readonly name = 'BugError';
}

/** Exhaustiveness check for `switch` over a union: fails to compile when a case is missing. */
export function unreachable(value: never): never {
  throw new BugError(`unexpected value ${JSON.stringify(value)}`);
}

/** The text of anything thrown, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a daemon's program prints of an error: what and what next for people, the stack for our own faults. */
export function explainError(program: string, error: unknown): string {
  if (error instanceof UserError || error instanceof ExternalError) {
    const hint = error.hint === undefined ? '' : `  ${sanitizeLines(error.hint)}\n`;
    return `${program}: ${sanitizeLines(error.message)}\n${hint}`;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${program}: a bug, please report it\n${sanitizeLines(stack)}\n`;
}
