/** Which requests wait for a worker. */
import type { BuildRequestResource } from '@buildbot/shared';

/** In the queue: not begun, not ended, and not on the shelf. */
export function isWaiting({ claimed, complete, state }: BuildRequestResource): boolean {
  return !claimed && !complete && state !== 'shelved';
}
