/** The one failure of a disk that passes by itself: it is told in the same words wherever it is met. */
import { ExternalError } from '@buildbot/shared';

/** What a write that failed for want of space means; `null` when it failed in another way. */
export function fullDisk(source: string, error: unknown, hint: string): ExternalError | null {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return null;
  return new ExternalError(source, 'the disk is full', { cause: error, hint, isPassing: true });
}
