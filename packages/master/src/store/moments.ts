/** Times of rows that must not run backwards, although wall clocks do. */
import { type RawBuilder, sql } from 'kysely';

type Column = 'startedAt' | 'submittedAt' | 'claimedAt';

/**
 * This moment (epoch milliseconds), or that of the first column that holds one when the clock has been set back since it
 * was written: nothing ends before it began, so no duration is negative.
 */
export function noEarlierThan(columns: readonly Column[], now: number): RawBuilder<number> {
  const began = sql`coalesce(${sql.join([...columns.map((column) => sql.ref(column)), sql.lit(0)])})`;
  return sql<number>`case when ${began} > ${now} then ${began} else ${now} end`;
}
