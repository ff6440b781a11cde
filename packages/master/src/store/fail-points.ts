/**
 * Named moments at which a test ends the process, to see what the next one makes of what is left: right before the
 * commit of a verb (`before-commit:claim`), and right after it (`after-commit:claim`), when nobody has been told yet.
 */
import type { FailPoint } from '../ports/service.ts';
import type { Verb } from './write-queue.ts';

/** The verb with its two moments. */
export function marked<T>(failPoint: FailPoint, name: string, verb: Verb<T>): Verb<T> {
  return async (context) => {
    const value = await verb(context);
    failPoint(`before-commit:${name}`);
    context.afterCommit(() => failPoint(`after-commit:${name}`));
    return value;
  };
}
