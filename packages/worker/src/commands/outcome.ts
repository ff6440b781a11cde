/** How a command ends, as values. */
import { type CommandOutcome, messageOf } from '@buildbot/shared';
import type { Exit } from '../process/start-process.ts';

/** Why a command's processes were ended before they were done; `null` when it ended by itself. */
export type EndCause = Extract<CommandOutcome, { status: 'exited' }>['cause'];

const MAX_REASON = 4000;

/** Codes that blame the machine: another attempt, or another worker, may succeed. */
const INFRASTRUCTURE_CODES = new Set([
  'EAGAIN',
  'EDQUOT',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOSPC',
  'EROFS',
  'ESTALE',
]);

export function failed(reason: string, infrastructure = false): CommandOutcome {
  return { status: 'failed', reason: reason.slice(0, MAX_REASON), infrastructure };
}

/** A thrown error as an outcome; `doing` says what failed. */
export function failedBy(doing: string, error: unknown): CommandOutcome {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? '';
  return failed(`${doing}: ${messageOf(error)}`, INFRASTRUCTURE_CODES.has(code));
}

export interface ExitedInput extends Exit {
  cause?: EndCause;
  durationMs: number;
  text?: string | null;
  strays?: number;
}

export function exited({
  code,
  signal,
  cause = null,
  durationMs,
  text = null,
  strays = 0,
}: ExitedInput): CommandOutcome {
  return { status: 'exited', code, signal, cause, durationMs: Math.max(0, durationMs), text, strays };
}

/** An outcome of a command that runs no process. */
export function done(durationMs: number, text: string | null = null): CommandOutcome {
  return exited({ code: 0, signal: null, durationMs, text });
}

/** Ended before it had any process. */
export function endedEarly(cause: EndCause, durationMs: number): CommandOutcome {
  return exited({ code: null, signal: null, cause, durationMs });
}
