/**
 * `Promise.all`, but nothing is left running. When one of several commands fails, the others still hold files in the
 * temporary folder that is about to be removed.
 */

type Values<T extends readonly unknown[]> = { -readonly [K in keyof T]: Awaited<T[K]> };

/** Waits for all, then gives their values, or throws the first failure in the order given. */
export async function settleAll<const T extends readonly unknown[]>(work: T): Promise<Values<T>> {
  const outcomes = await Promise.allSettled(work);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined)) as Values<T>;
}
