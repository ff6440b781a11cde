/** When to call a master again, and which: decided from how the calls before have ended. Pure. */
import { backoffDelay, refusalDelay, urgentBound } from './backoff.ts';

/** How a call ended, as far as it matters for the next one. */
export type CallVerdict =
  /** It broke, or the master is stopping: the session goes on over the next connection. */
  | 'cut'
  /** One side broke the protocol: the session is over, a new one may begin. */
  | 'breach'
  /** The master will not have this worker as it is: wrong name, password or version. */
  | 'refused'
  /** Another process of this worker has taken its place. */
  | 'superseded';

export interface CallEnd {
  verdict: CallVerdict;
  welcomed: boolean;
  /** How long the connection lasted. Milliseconds. */
  lastedMs: number;
}

export interface CallHistory {
  /** Which address is next, counted on and on. */
  turn: number;
  /** Calls in a row that did not lead to a connection that lasted. */
  failures: number;
  /** Refusals in a row. */
  refusals: number;
  /** Some master has let this process in. */
  wasWelcomed: boolean;
}

export type NextCall = { kind: 'never' } | { kind: 'after'; delayMs: number; history: CallHistory };

export const NO_CALLS: CallHistory = { turn: 0, failures: 0, refusals: 0, wasWelcomed: false };

/** A connection that lasted so long was a good one. Milliseconds. */
export const STABLE_MS = 5000;

export interface CallWorld {
  /** How many addresses there are. */
  masters: number;
  /** In what time master and worker must have met again; `null` before a master has said so. Milliseconds. */
  graceLeftMs: number | null;
  random: () => number;
}

/**
 * What comes after a call. A process that has taken this one's place is never fought. A worker that no master has ever
 * let in was set up wrongly, and ends once every master has said so; one that was let in before has masters that are
 * being reconfigured, and asks again, slowly.
 */
export function nextCall(
  before: CallHistory,
  end: CallEnd,
  { masters, graceLeftMs, random }: CallWorld,
): NextCall {
  if (end.verdict === 'superseded') return { kind: 'never' };
  const isStable = end.verdict === 'cut' && end.welcomed && end.lastedMs >= STABLE_MS;
  const failures = isStable ? 0 : before.failures;
  const refusals = end.verdict === 'refused' ? before.refusals + 1 : 0;
  const wasWelcomed = before.wasWelcomed || end.welcomed;
  const saidByAll = refusals > 0 && refusals % masters === 0;
  if (saidByAll && !wasWelcomed) return { kind: 'never' };
  // A cut is most often a passing one: the same master first, the others when it does not answer.
  const turn = end.welcomed ? before.turn : before.turn + 1;
  const longest = graceLeftMs === null ? undefined : urgentBound(graceLeftMs);
  const delayMs = saidByAll ? refusalDelay(random) : backoffDelay(failures, random, longest);
  return { kind: 'after', delayMs, history: { turn, failures: failures + 1, refusals, wasWelcomed } };
}
