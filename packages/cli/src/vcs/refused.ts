/**
 * Ends a snapshot from any depth. It exists only to interrupt control flow: `orRefusal` turns it into a value at the
 * door of each implementation, so no caller outside this folder ever sees it thrown.
 */

import type { Refusal } from './port.ts';

export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(reason: string, hint: string) {
    super(reason);
    this.refusal = { ok: false, reason, hint };
  }
}

/** The value of `work`, or the refusal that ended it. Everything else thrown goes on. */
export async function orRefusal<T>(work: () => Promise<T>): Promise<T | Refusal> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
    throw error;
  }
}
