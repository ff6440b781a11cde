/** What whoever started a worker is told: how the first attempt to reach a master went. */
import type { SessionState } from '../session/session.ts';

/** A master that has not said anything by then is told of as silent. Milliseconds. */
const PATIENCE_MS = 10_000;

/** How far the connection has come: it is there, or why not. `null` after a refusal that ends the worker. */
export type FirstAnswer = { connected: string } | { notYet: string } | null;

export interface FirstAnswerInput {
  /** How many addresses there are: each is tried once before there is an answer. */
  masters: number;
  onState: (listener: (state: SessionState) => void) => () => void;
  patienceMs?: number;
}

/** Resolves as soon as a master has let the worker in, each has failed to, or the patience is over. */
export function firstAnswer({ masters, onState, patienceMs = PATIENCE_MS }: FirstAnswerInput) {
  return new Promise<FirstAnswer>((resolve) => {
    let failures = 0;
    const settle = (answer: FirstAnswer): void => {
      clearTimeout(timer);
      stop();
      resolve(answer);
    };
    const timer = setTimeout(() => settle({ notYet: 'no master has answered so far' }), patienceMs);
    const stop = onState((state) => {
      if (state.kind === 'connected') settle({ connected: state.url });
      if (state.kind === 'stopped') settle(null);
      if (state.kind === 'waiting' && ++failures === masters) settle({ notYet: state.reason });
    });
  });
}
