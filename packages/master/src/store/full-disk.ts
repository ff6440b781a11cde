/** What a failed write to a file means; in the same words, and with the same consequences, wherever it is met. */
import { ExternalError } from '@buildbot/shared';

/** What a write that failed for want of space means, the one failure that passes by itself; `null` for any other. */
export function fullDisk(source: string, error: unknown, hint: string): ExternalError | null {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return null;
  return new ExternalError(source, 'the disk is full', { cause: error, hint, isPassing: true });
}

/** A full disk is waited for; a write or sync that failed otherwise means that the disk cannot be trusted: `fail`. */
export function failedWrite(
  error: unknown,
  { source, hint, fail }: { source: string; hint: string; fail: (error: unknown) => Error },
): unknown {
  const full = fullDisk(source, error, hint);
  if (full !== null) return full;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EIO' || code === 'EROFS' ? fail(error) : error;
}
