/** Work on many rows a little at a time, so that whatever else waits has its turn in between. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** A millisecond or two of work on rows of the API. */
const AT_ONCE = 200;

/** `convert` each row, in order. */
export async function inTurns<T, R>(rows: readonly T[], convert: (row: T) => R): Promise<R[]> {
  const converted: R[] = [];
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    if (from > 0) await nextTurn();
    for (const row of rows.slice(from, from + AT_ONCE)) converted.push(convert(row));
  }
  return converted;
}
