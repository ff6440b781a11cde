/** What the end of an attempt means for all that hangs on it: the build's result, its request, and its worker. */
import { CANCELLED, EXCEPTION, RETRY, type Results } from '@buildbot/shared';
import type { BuildEnd } from './build.ts';
import { commonLoss, type Loss } from './common-loss.ts';
import { decideRetry, type RetryPolicy, retryText, shelvedBuildText } from './retry.ts';
import type { SuspectPolicy } from './suspect.ts';

/** What happens to the request: it has its result, goes back to the queue, or waits for a person. */
export type RequestEnd =
  | { kind: 'complete' }
  /** `elsewhere`: on another worker first, if there is one, though this one has lost nothing. */
  | { kind: 'retry'; notBefore: number | null; elsewhere?: true }
  | { kind: 'shelve'; reason: string };

/** What the attempt says about its worker: that it is well, that it lost a build, or nothing. */
export type WorkerReport = { kind: 'well' } | { kind: 'lost'; reason: string; policy: SuspectPolicy };

export interface AttemptEnd {
  results: Results;
  stateString: string;
  infrastructure: boolean;
  request: RequestEnd;
  worker: WorkerReport | null;
}

export interface AttemptEndInput {
  end: BuildEnd;
  /** Of the request before this attempt. */
  failures: number;
  requestId: number;
  retry: RetryPolicy;
  suspect: SuspectPolicy;
  /** This attempt and those of the request that failed before it, the newest first; empty when nobody can say. */
  losses: readonly Loss[];
  /** Epoch milliseconds. */
  now: number;
}

export function attemptEnd(input: AttemptEndInput): AttemptEnd {
  const { end } = input;
  switch (end.kind) {
    case 'verdict':
      return withVerdict(end);
    case 'outdated':
      return begunAnew(end.reason);
    case 'withdrawn':
      return begunElsewhere(end.reason);
    case 'infrastructure':
      return withoutVerdict(input, end.reason);
  }
}

/** Nothing failed, so nothing is counted and nothing is waited for. */
export function begunAnew(reason: string): AttemptEnd {
  const request = { kind: 'retry', notBefore: null } as const;
  return { results: RETRY, stateString: reason, infrastructure: false, request, worker: null };
}

/** Somebody wants the worker to have a rest: it must not get the same build again as soon as it is back. */
function begunElsewhere(reason: string): AttemptEnd {
  return { ...begunAnew(reason), request: { kind: 'retry', notBefore: null, elsewhere: true } };
}

export function withVerdict({
  results,
  stateString,
}: Pick<Extract<BuildEnd, { kind: 'verdict' }>, 'results' | 'stateString'>): AttemptEnd {
  // A build that was called off, or whose step broke, says nothing about its worker.
  const isSilent = results === EXCEPTION || results === CANCELLED;
  const request = { kind: 'complete' } as const;
  const worker = isSilent ? null : ({ kind: 'well' } as const);
  // Also one whose step broke: that is the recipe's, and would break again wherever it ran.
  return { results, stateString, infrastructure: false, request, worker };
}

function withoutVerdict(input: AttemptEndInput, reason: string): AttemptEnd {
  const { requestId, retry, now } = input;
  const failures = input.failures + 1;
  const decision = decideRetry(retry, failures);
  const worker = { kind: 'lost', reason, policy: input.suspect } as const;
  if (decision.kind === 'shelve') {
    const common = commonLoss(input.losses);
    const shelved = common === null ? reason : `${reason} (${common})`;
    const stateString = shelvedBuildText(shelved, { failures, requestId });
    const request = { kind: 'shelve', reason: shelved } as const;
    return { results: EXCEPTION, stateString, infrastructure: true, request, worker };
  }
  const { delay } = decision;
  const stateString = retryText(reason, { failures, attempts: retry.attempts, delay });
  const request = { kind: 'retry', notBefore: now + delay } as const;
  return { results: RETRY, stateString, infrastructure: true, request, worker };
}
